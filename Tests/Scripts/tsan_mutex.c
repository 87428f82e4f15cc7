// Tells ThreadSanitizer of Swift's Mutex, for check_sanitizers.sh.
//
// A Mutex that is free is locked and unlocked by code that Swift compiles into the program, which the sanitizer sees.
// One that is taken is waited for, and handed on, in the standard library, which it does not see: what the mutex guards
// would be reported as a race. These functions stand before the library's.
#define _GNU_SOURCE  // RTLD_NEXT
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdint.h>
#include <stdlib.h>

#define SELF __attribute__((swift_context)) void *self
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void (*unlock_function)(SELF);

static void *library_function(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (!function) abort();
  return function;
}

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
