// The gated delta rule: how a call is divided; the arithmetic is in the .body.h files.
//
// A unit of work is a key head with its value heads for one sequence, so that products of its keys and queries are
// computed once. A single token costs one pass over the state's memory; a prompt token costs about 3 * key_size *
// value_size multiply-adds per value head in the products with the state, and a quarter as many within the chunk.
#include "gated_delta.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "../common/parallel.h"
#include "layout.h"

#define SOTTO_BODY "../gated_delta/levels.body.h"
#include "../common/levels.h"

static void (*const unit_kernels[])(const delta_unit *, delta_workspace *) = LEVELS(run_unit);

size_t sotto_gated_delta_scratch(const sotto_gated_delta *call, int threads) {
  return (size_t)threads * lay_out(call, NULL, NULL) * sizeof(float);
}

typedef struct {
  const sotto_gated_delta *call;
  float *scratch;
  atomic_size_t next;
} delta_run;

static void run_share(void *context, int worker, int workers) {
  (void)workers;
  delta_run *run = context;
  const sotto_gated_delta *call = run->call;
  delta_workspace w;
  size_t size = lay_out(call, NULL, NULL);
  lay_out(call, run->scratch + (size_t)worker * size, &w);
  size_t sequences = (size_t)call->sequence_count, units = sequences * (size_t)call->key_heads;
  for (;;) {
    size_t i = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    if (i >= units) return;
    delta_unit unit = {call, &call->sequences[i % sequences], (ptrdiff_t)(i / sequences)};
    unit_kernels[sotto_isa()](&unit, &w);
  }
}

void sotto_gated_delta_run(sotto_pool *pool, const sotto_gated_delta *call, void *scratch) {
  delta_run run = {.call = call, .scratch = scratch};
  ptrdiff_t rows = 0;
  for (ptrdiff_t i = 0; i < call->sequence_count; i++) rows += call->sequences[i].rows;
  if (rows * call->value_heads * call->key_size * call->value_size < SOTTO_WORTH_SHARING)
    run_share(&run, 0, 1);
  else
    sotto_pool_run(pool, run_share, &run);
}
