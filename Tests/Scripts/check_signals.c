// Overflows the stack of a second thread while the screen is active, for misuse.py: the terminal must be restored.
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "CNcurses.h"

static int overflow(volatile char *previous) {
  volatile char buffer[4096];
  buffer[0] = *previous;
  buffer[4095] = 0;
  return overflow(buffer) + buffer[4095];
}

static void *run(void *start) {
  signals_prepare_thread();
  (void)overflow(start);
  return NULL;
}

int main(void) {
  screen_utf8_locale();
  signals_guard_crashes();
  if (screen_start(false) != 0) return 2;
  volatile char start = 0;
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, (void *)&start) != 0) return 2;
  pthread_join(thread, NULL);
  return 0;
}
