// Signals set flags and write one byte to a pipe, which wakes the poll of the interface's thread. Crash handlers restore
// the terminal first. All handlers use async-signal-safe calls only.
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "CNcurses.h"
#include "internal.h"

static atomic_int pending = 0;
static atomic_int wake = -1;

static const struct {
  int number;
  int flag;
} watched[] = {
    {SIGWINCH, SIGNALS_RESIZED}, {SIGTSTP, SIGNALS_SUSPEND}, {SIGCONT, SIGNALS_CONTINUED}, {SIGHUP, SIGNALS_QUIT},
    {SIGTERM, SIGNALS_QUIT},     {SIGQUIT, SIGNALS_QUIT},    {SIGINT, SIGNALS_INTERRUPT},
};
enum { WATCHED = sizeof watched / sizeof *watched };

static struct sigaction earlier[WATCHED];
static int watching = 0;

static void relay(int number) {
  int saved = errno;
  for (int i = 0; i < WATCHED; i++) {
    if (watched[i].number == number) atomic_fetch_or(&pending, watched[i].flag);
  }
  int descriptor = atomic_load(&wake);
  if (descriptor >= 0) {
    ssize_t ignored = write(descriptor, "s", 1);
    (void)ignored;
  }
  errno = saved;
}

void signals_watch(int wake_descriptor) {
  atomic_store(&wake, wake_descriptor);
  if (watching) return;
  watching = 1;
  // A thread inherits the signal mask of its creator, and threads of pools block nearly all signals.
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = relay;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (int i = 0; i < WATCHED; i++) sigaction(watched[i].number, &action, &earlier[i]);
  signal(SIGPIPE, SIG_IGN);
}

void signals_unwatch(void) {
  if (!watching) return;
  watching = 0;
  for (int i = 0; i < WATCHED; i++) sigaction(watched[i].number, &earlier[i], NULL);
  atomic_store(&wake, -1);
}

int signals_take(void) { return atomic_exchange(&pending, 0); }

void signals_stop_self(void) {
  struct sigaction ours, standard, ignored;
  memset(&standard, 0, sizeof standard);
  standard.sa_handler = SIG_DFL;
  sigemptyset(&standard.sa_mask);
  ignored = standard;
  ignored.sa_handler = SIG_IGN;
  // Stops the whole process group, as the terminal driver would, including a parent `make` or shell script. This process
  // is last, by raise(), which is delivered to this thread before it returns.
  sigaction(SIGTSTP, &ignored, &ours);
  kill(0, SIGTSTP);
  sigaction(SIGTSTP, &standard, NULL);
  raise(SIGTSTP);
  sigaction(SIGTSTP, &ours, NULL);
}

static const int crashes[] = {SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGABRT};

// SIGBUS: an access to a mapped page beyond the end of a truncated file.
static const char truncated_file[] =
    "sotto: a model file was truncated while in use, or its disk failed; restore the file, then run sotto --continue to "
    "resume the conversation\n";

static atomic_int holds;
static atomic_flag crashed = ATOMIC_FLAG_INIT;

void signals_hold_crashes(void) { atomic_fetch_add(&holds, 1); }
void signals_release_crashes(void) { atomic_fetch_sub(&holds, 1); }

static void crash(int number) {
  // Waits up to two seconds for a save on another thread. Kernels run on all cores: the threads that crash after the
  // first wait longer, until the first has ended the process.
  const int is_first = !atomic_flag_test_and_set(&crashed);
  const struct timespec interval = {.tv_nsec = 10 * 1000 * 1000};
  for (int tries = 0; is_first ? atomic_load(&holds) > 0 && tries < 200 : tries < 400; tries++) {
    nanosleep(&interval, NULL);
  }
  screen_emergency_restore();
  if (number == SIGBUS) {
    ssize_t ignored = write(STDERR_FILENO, truncated_file, sizeof truncated_file - 1);
    (void)ignored;
  }
  signal(number, SIG_DFL);
  raise(number);
}

// A handler cannot run on a stack that has overflowed. The alternate stack is a property of the thread.
enum { ALTERNATE_STACK = 64 * 1024 };
static pthread_key_t alternate_stack;
static pthread_once_t alternate_stack_once = PTHREAD_ONCE_INIT;

static void free_alternate_stack(void *memory) {
  stack_t none;
  memset(&none, 0, sizeof none);
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, NULL);
  free(memory);
}

static void make_alternate_stack_key(void) { pthread_key_create(&alternate_stack, free_alternate_stack); }

void signals_prepare_thread(void) {
  pthread_once(&alternate_stack_once, make_alternate_stack_key);
  if (pthread_getspecific(alternate_stack) != NULL) return;
  stack_t stack;
  if (sigaltstack(NULL, &stack) != 0 || !(stack.ss_flags & SS_DISABLE)) return;
  void *memory = malloc(ALTERNATE_STACK);
  if (memory == NULL) return;
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = memory;
  stack.ss_size = ALTERNATE_STACK;
  if (sigaltstack(&stack, NULL) != 0 || pthread_setspecific(alternate_stack, memory) != 0) {
    free_alternate_stack(memory);
  }
}

void signals_guard_crashes(void) {
  signals_prepare_thread();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = crash;
  action.sa_flags = SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &action, NULL);
}
