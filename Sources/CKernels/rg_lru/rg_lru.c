// A unit of work is a head of a sequence with all its rows, so that one unit alone reads and replaces its state.
#include "rg_lru.h"

#include "../common/parallel.h"

enum {
  // Rows whose gates are computed together, so that the gates stay in the cache.
  BLOCK_ROWS = 12,
};

#define SOTTO_BODY "../rg_lru/rg_lru.body.h"
#include "../common/levels.h"

void sotto_rg_lru_run(sotto_pool *pool, const sotto_rg_lru *call) {
  static const sotto_units kernels[] = LEVELS(rg_lru);
  ptrdiff_t rows = 0;
  for (ptrdiff_t i = 0; i < call->sequence_count; i++) rows += call->sequences[i].rows;
  if (rows == 0) return;
  sotto_divide(pool, kernels[sotto_isa()], call, call->sequence_count * call->heads,
               rows * call->heads * call->block * call->block);
}
