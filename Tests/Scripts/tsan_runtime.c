// Tells ThreadSanitizer of the synchronisation in Swift's libraries, which it does not see, for check_sanitizers.sh.
// Without it, what a taken mutex guards, or what a continuation returns, could be reported as a race. These functions
// stand before the libraries' own.
#define _GNU_SOURCE  // RTLD_NEXT
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static void *library_function(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (!function) abort();
  return function;
}

// A Mutex that is free is locked and unlocked by code that Swift compiles into the program, which the sanitizer sees.
// One that is taken is waited for, and handed on, in the standard library.

#define SELF __attribute__((swift_context)) void *self
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void (*unlock_function)(SELF);

__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) {
  ((lock_function)library_function(LOCK_SLOW))(thread, self);
  __tsan_acquire(self);
}

__attribute__((swiftcall)) void unlock_slow(SELF) __asm__(UNLOCK_SLOW);
__attribute__((swiftcall)) void unlock_slow(SELF) {
  __tsan_release(self);
  ((unlock_function)library_function(UNLOCK_SLOW))(self);
}

// The runtime tells the sanitizer of a task that is resumed while it waits. It does not tell of a continuation that is
// resumed before the task waits for it, as on a busy machine, when the task goes on at once.

typedef __attribute__((swiftcall)) void (*resume_function)(void *task);
typedef __attribute__((swiftasynccall)) void (*await_function)(void *context);

__attribute__((swiftcall)) void *swift_task_getCurrent(void);

__attribute__((swiftcall)) void swift_continuation_resume(void *task) {
  resume_function resume = (resume_function)library_function("swift_continuation_resume");
  __tsan_release(task);
  resume(task);
}

__attribute__((swiftasynccall)) void swift_continuation_await(void *context) {
  await_function await_resumption = (await_function)library_function("swift_continuation_await");
  __tsan_acquire(swift_task_getCurrent());
  __attribute__((musttail)) return await_resumption(context);
}

// The last thread that refers to an object may write to it: an array whose copies other threads have dropped is changed
// in place. The counts change in the runtime: a release orders all that its thread did before what the thread does that
// finds itself alone, by a question or by the release that destroys the object.

typedef void (*release_function)(void *object);
typedef bool (*uniqueness_function)(const void *object);

bool swift_isUniquelyReferenced_nonNull_native(const void *object) {
  static uniqueness_function is_unique;
  uniqueness_function function = __atomic_load_n(&is_unique, __ATOMIC_RELAXED);
  if (!function) {
    function = (uniqueness_function)library_function("swift_isUniquelyReferenced_nonNull_native");
    __atomic_store_n(&is_unique, function, __ATOMIC_RELAXED);
  }
  bool unique = function(object);
  if (unique) __tsan_acquire((void *)object);
  return unique;
}

bool swift_isUniquelyReferenced_native(const void *object) {
  return object && swift_isUniquelyReferenced_nonNull_native(object);
}

void swift_release(void *object) {
  static release_function release;
  release_function function = __atomic_load_n(&release, __ATOMIC_RELAXED);
  if (!function) {
    function = (release_function)library_function("swift_release");
    __atomic_store_n(&release, function, __ATOMIC_RELAXED);
  }
  // Null is no object, and a negative address is an object that is never destroyed.
  if ((intptr_t)object > 0 && !swift_isUniquelyReferenced_nonNull_native(object)) __tsan_release(object);
  function(object);
}
