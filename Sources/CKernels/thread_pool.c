// One 64-bit word, `state`, identifies the current run and its next share, so that a thread that wakes late never
// takes a share of one run with the task of another.
//
// A thread without work spins with pauses for a few microseconds, then polls with yields in between (other threads
// may need the processor), and then sleeps on a condition variable. The caller waits for the last share in the same
// three stages.
#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "isa.h"

enum {
  SPINS = 256,       // polls with a pause: about 5 to 10 microseconds
  YIELDS = 300,      // polls with a yield: about 100 to 200 microseconds
  LINE = 64,         // bytes of a cache line: data written by different threads is separated
  MAX_THREADS = 1024
};

struct sotto_pool {
  // Run number in the upper half, the next share to take in the lower half.
  _Alignas(LINE) _Atomic uint64_t state;
  sotto_task task;
  void *context;
  int isa;  // the caller's level, used for all shares
  _Atomic int threads;
  _Alignas(LINE) _Atomic int unfinished;
  _Alignas(LINE) _Atomic int sleepers;
  _Atomic int caller_sleeps;
  _Atomic int ending;
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  pthread_t handles[];
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// Takes the next share of the current run and processes it; returns 0 if none is left.
static int take_share(sotto_pool *pool) {
  uint64_t state = atomic_load_explicit(&pool->state, memory_order_acquire);
  do {
    if ((uint32_t)state >= (uint32_t)pool->threads) return 0;
  } while (!atomic_compare_exchange_weak_explicit(&pool->state, &state, state + 1, memory_order_acq_rel,
                                                  memory_order_acquire));
  // The run can't end before this share has, so task and context are those of the share's run.
  sotto_adopt_isa(pool->isa);
  pool->task(pool->context, (int)(uint32_t)state, pool->threads);
  if (atomic_fetch_sub(&pool->unfinished, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
  return 1;
}

static int has_share(sotto_pool *pool) {
  return (uint32_t)atomic_load(&pool->state) < (uint32_t)pool->threads;
}

static void *work(void *argument) {
  sotto_pool *pool = argument;
  int looks = 0;
  while (!atomic_load_explicit(&pool->ending, memory_order_relaxed)) {
    if (take_share(pool)) {
      looks = 0;
    } else if (looks < SPINS) {
      looks++;
      pause_briefly();
    } else if (looks < SPINS + YIELDS) {
      looks++;
      sched_yield();
    } else {
      // Announced before the last poll: either the caller sees a sleeper and signals under the mutex, or this poll
      // sees the caller's new run. (Both are sequentially consistent.)
      pthread_mutex_lock(&pool->mutex);
      atomic_fetch_add(&pool->sleepers, 1);
      while (!has_share(pool) && !atomic_load(&pool->ending)) pthread_cond_wait(&pool->work, &pool->mutex);
      atomic_fetch_sub(&pool->sleepers, 1);
      pthread_mutex_unlock(&pool->mutex);
      looks = 0;
    }
  }
  return NULL;
}

sotto_pool *sotto_pool_create(int threads) {
  if (threads < 1) threads = 1;
  if (threads > MAX_THREADS) threads = MAX_THREADS;
  size_t bytes = sizeof(sotto_pool) + (size_t)threads * sizeof(pthread_t);
  sotto_pool *pool = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
  if (!pool) return NULL;
  pool->task = NULL;
  pool->context = NULL;
  pool->isa = -1;
  atomic_init(&pool->threads, MAX_THREADS);
  // No share can be taken before the first run: the next share is beyond the last one.
  atomic_init(&pool->state, UINT32_MAX);
  atomic_init(&pool->unfinished, 0);
  atomic_init(&pool->sleepers, 0);
  atomic_init(&pool->caller_sleeps, 0);
  atomic_init(&pool->ending, 0);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
  int started = 1;
  while (started < threads && pthread_create(&pool->handles[started], NULL, work, pool) == 0) started++;
  pool->threads = started;
  return pool;
}

int sotto_pool_threads(const sotto_pool *pool) { return pool ? pool->threads : 1; }

void sotto_pool_run(sotto_pool *pool, sotto_task task, void *context) {
  if (!pool || pool->threads == 1) {
    task(context, 0, 1);
    return;
  }
  pool->task = task;
  pool->context = context;
  pool->isa = sotto_chosen_isa();
  atomic_store_explicit(&pool->unfinished, pool->threads, memory_order_relaxed);
  uint64_t run = (atomic_load_explicit(&pool->state, memory_order_relaxed) >> 32) + 1;
  atomic_store(&pool->state, run << 32 | 1);  // share 0 is the caller's
  if (atomic_load(&pool->sleepers)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
  }
  task(context, 0, pool->threads);
  atomic_fetch_sub(&pool->unfinished, 1);
  while (take_share(pool)) {}
  for (int looks = 0; atomic_load_explicit(&pool->unfinished, memory_order_acquire); looks++) {
    if (looks < SPINS) {
      pause_briefly();
    } else if (looks < SPINS + YIELDS) {
      sched_yield();
    } else {
      pthread_mutex_lock(&pool->mutex);
      atomic_store(&pool->caller_sleeps, 1);
      while (atomic_load(&pool->unfinished)) pthread_cond_wait(&pool->done, &pool->mutex);
      atomic_store(&pool->caller_sleeps, 0);
      pthread_mutex_unlock(&pool->mutex);
    }
  }
}

void sotto_pool_destroy(sotto_pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->ending, 1);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->handles[i], NULL);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}
