// Signals become flags and one byte on a pipe, so that the screen's thread meets them in its poll; a crash first
// gives the terminal back. Handlers use async-signal-safe calls only.
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
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
  // A thread inherits the mask of the one that made it, and those of thread pools block nearly everything.
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
  // The whole group, as the terminal driver would: a `make` or a shell script above us stops with us. Ourselves last
  // and by raise, which is delivered to this thread before it returns.
  sigaction(SIGTSTP, &ignored, &ours);
  kill(0, SIGTSTP);
  sigaction(SIGTSTP, &standard, NULL);
  raise(SIGTSTP);
  sigaction(SIGTSTP, &ours, NULL);
}

static const int crashes[] = {SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGABRT};

// What a mapped file that lost its pages ends in; nothing else here is likely to.
static const char lost_file[] =
    "sotto: a model's file was shortened while it was in use, or its disk failed; mend it, and sotto --continue goes "
    "on with the conversation\n";

static atomic_int holds;
static atomic_flag crashed = ATOMIC_FLAG_INIT;

void signals_hold_crashes(void) { atomic_fetch_add(&holds, 1); }
void signals_release_crashes(void) { atomic_fetch_sub(&holds, 1); }

static void crash(int number) {
  // What the person wrote is on its way to the disk on a thread that did not crash; one that did has no more to do.
  // Kernels run on all cores: the second to fault waits for the first to end the process, and longer.
  const int is_first = !atomic_flag_test_and_set(&crashed);
  const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
  for (int tries = 0; is_first ? atomic_load(&holds) > 0 && tries < 200 : tries < 400; tries++) {
    nanosleep(&moment, NULL);
  }
  screen_emergency_restore();
  if (number == SIGBUS) {
    ssize_t ignored = write(STDERR_FILENO, lost_file, sizeof lost_file - 1);
    (void)ignored;
  }
  signal(number, SIG_DFL);
  raise(number);
}

void signals_guard_crashes(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = crash;
  action.sa_flags = SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &action, NULL);
}
