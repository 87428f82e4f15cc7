// The thread pool: shares, sleeping threads, pools side by side and pools that end; and the machine's measurements,
// which run on it.
#define _POSIX_C_SOURCE 199309L  // nanosleep
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"

enum { MOST_SHARES = 8 };

typedef struct {
  long counts[MOST_SHARES][16];  // a cache line each
  long step;
} tally;

static void add_step(void *context, int worker, int workers) {
  tally *t = context;
  t->counts[worker][0] += t->step * workers;
}

/// Long enough for a pool's threads to fall asleep.
static void pause_for(long microseconds) {
  struct timespec time = {0, microseconds * 1000};
  nanosleep(&time, NULL);
}

/// Every share of `runs` runs is done exactly once; plain memory passes from run to run and from thread to thread.
static void count_shares(int threads, int runs) {
  sotto_pool *pool = sotto_pool_create(threads);
  tally t = {.step = 0};
  for (t.step = 1; t.step <= runs; t.step++) {
    sotto_pool_run(pool, add_step, &t);
    if (t.step % 200 == 0) pause_for(2000);
  }
  for (int i = 0; i < threads; i++)
    if (t.counts[i][0] != (long)runs * (runs + 1) / 2 * threads) check_fail("a share was left out or done twice");
  sotto_pool_destroy(pool);
}

static void *count_beside(void *unused) {
  count_shares(3, 500);
  return unused;
}

static void shares(sotto_pool *pool) {
  (void)pool;
  for (int threads = 1; threads <= MOST_SHARES; threads += 3) count_shares(threads, 1000);
}

static void side_by_side(sotto_pool *pool) {
  (void)pool;
  pthread_t threads[3];
  for (int i = 0; i < 3; i++)
    if (pthread_create(&threads[i], NULL, count_beside, NULL)) abort();
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
}

static void endings(sotto_pool *pool) {
  (void)pool;
  for (int round = 0; round < 60; round++) {
    sotto_pool *mine = sotto_pool_create(4);
    tally t = {.step = 1};
    if (round % 2) sotto_pool_run(mine, add_step, &t);
    if (round % 5 == 0) pause_for(2000);
    sotto_pool_destroy(mine);
  }
}

static void see_level(void *context, int worker, int workers) {
  (void)workers;
  ((int *)context)[worker] = (int)sotto_isa();
}

/// A thread's choice of instruction set holds for the shares that it hands out.
static void levels(sotto_pool *pool) {
  int seen[MOST_SHARES];
  for (int i = 0; i < 50; i++) {
    sotto_pool_run(pool, see_level, seen);
    for (int worker = 0; worker < sotto_pool_threads(pool); worker++)
      if (seen[worker] != (int)sotto_isa()) check_fail("a share has another instruction set");
  }
}

static void measurements(sotto_pool *pool) {
  size_t bytes = (3 << 18) + 64;
  if (!(sotto_measure_int8_peak(pool) > 0)) check_fail("no peak");
  if (!(sotto_measure_read_bandwidth(pool, memset(check_scratch(bytes), 1, bytes), bytes) > 0)) check_fail("no speed");
}

const check check_threads[] = {
    {"shares", shares, 0},          {"pools side by side", side_by_side, 0}, {"pools that end", endings, 0},
    {"levels of shares", levels, 0}, {"measurements", measurements, 0},      {NULL, NULL, 0}};
