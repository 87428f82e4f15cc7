// A unit of work is a segment of columns, or a head, of a sequence with all its rows, so that one unit alone reads and
// replaces its state.
#include "rwkv.h"

#include <math.h>

#include "../common/parallel.h"

enum {
  SHIFT_COLUMNS = 256,
  AHEAD = 2,  // rows that are prefetched ahead
};

#define SOTTO_BODY "../rwkv/rwkv.body.h"
#include "../common/levels.h"

static ptrdiff_t all_rows(const sotto_rwkv_sequence *sequences, ptrdiff_t count) {
  ptrdiff_t rows = 0;
  for (ptrdiff_t i = 0; i < count; i++) rows += sequences[i].rows;
  return rows;
}

void sotto_shift_tokens(sotto_pool *pool, const sotto_token_shift *call) {
  static const sotto_units kernels[] = LEVELS(shift_tokens);
  ptrdiff_t rows = all_rows(call->sequences, call->sequence_count);
  ptrdiff_t segments = (call->columns + SHIFT_COLUMNS - 1) / SHIFT_COLUMNS;
  if (rows > 0)
    sotto_divide(pool, kernels[sotto_isa()], call, call->sequence_count * segments,
                 rows * call->columns * call->count);
}

void sotto_rwkv_run(sotto_pool *pool, const sotto_rwkv *call) {
  static const sotto_units kernels[] = LEVELS(rwkv);
  ptrdiff_t rows = all_rows(call->sequences, call->sequence_count);
  if (rows > 0)
    sotto_divide(pool, kernels[sotto_isa()], call, call->sequence_count * call->heads,
                 rows * call->heads * call->size * call->size);
}
