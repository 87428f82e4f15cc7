// Divides rows of numbers among the threads of a pool, or runs them on the calling thread if they are few.
#pragma once
#include <stddef.h>

#include "thread_pool.h"

/// Operations on fewer numbers run on the calling thread: waking other threads would cost more.
enum { SOTTO_WORTH_SHARING = 16384, SOTTO_SEGMENT = 4096 };

/// Processes the units [first, last) of an operation.
typedef void (*sotto_units)(const void *arguments, ptrdiff_t first, ptrdiff_t last);

typedef struct {
  sotto_units units;
  const void *arguments;
  ptrdiff_t count;
} sotto_division;

static inline void sotto_divided_share(void *context, int worker, int workers) {
  const sotto_division *division = (const sotto_division *)context;
  ptrdiff_t first = division->count * worker / workers, last = division->count * (worker + 1) / workers;
  if (first < last) division->units(division->arguments, first, last);
}

/// Processes `count` units with `numbers` numbers in all.
static inline void sotto_divide(sotto_pool *pool, sotto_units units, const void *arguments, ptrdiff_t count,
                                ptrdiff_t numbers) {
  if (count < 2 || numbers < SOTTO_WORTH_SHARING || sotto_pool_threads(pool) == 1) {
    if (count > 0) units(arguments, 0, count);
    return;
  }
  sotto_division division = {units, arguments, count};
  sotto_pool_run(pool, sotto_divided_share, &division);
}
