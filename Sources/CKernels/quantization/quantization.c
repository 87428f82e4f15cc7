// A unit of work is a row.
#include "quantization.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../common/parallel.h"
#include "numbers.h"

enum { SOTTO_LARGEST_GROUP = 128 };

typedef struct {
  const sotto_quantization *call;
  atomic_int *failed;
} quantize_work;

#define SOTTO_BODY "../quantization/quantization.body.h"
#include "../common/levels.h"

int sotto_quantize(sotto_pool *pool, const sotto_quantization *call) {
  static const sotto_units kernels[] = LEVELS(quantize_rows);
  atomic_int failed = 0;
  quantize_work work = {.call = call, .failed = &failed};
  sotto_divide(pool, kernels[sotto_isa()], &work, (ptrdiff_t)call->rows,
               (ptrdiff_t)(call->rows * call->source.columns));
  return atomic_load(&failed) ? -1 : 0;
}
