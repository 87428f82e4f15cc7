// Normalisations: two passes over a row, which stays in the L1 cache.
#include "normalization.h"

#include <math.h>

#include "../common/parallel.h"

typedef struct {
  float *output;
  sotto_rows x, gate;
  ptrdiff_t columns, group;
  const float *weight, *bias;
  ptrdiff_t weight_step;  // increment of the weight per group
  float epsilon, offset;
  int gate_first;
} normalization;

#define SOTTO_BODY "../normalization/normalization.body.h"
#include "../common/levels.h"

void sotto_rms_norm(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                    ptrdiff_t group, const float *weight, int weight_per_column, float epsilon, float offset) {
  static const sotto_units kernels[] = LEVELS(rms_norm);
  normalization n = {.output = output, .x = x, .columns = columns, .group = group, .weight = weight,
                     .weight_step = weight_per_column ? group : 0, .epsilon = epsilon, .offset = offset};
  sotto_divide(pool, kernels[sotto_isa()], &n, rows, rows * columns);
}

void sotto_gated_rms_norm(sotto_pool *pool, float *output, sotto_rows x, sotto_rows gate, ptrdiff_t rows,
                          ptrdiff_t columns, ptrdiff_t group, const float *weight, int weight_per_column, float epsilon,
                          int gate_first) {
  static const sotto_units kernels[] = LEVELS(gated_rms_norm);
  normalization n = {.output = output, .x = x, .gate = gate, .columns = columns, .group = group, .weight = weight,
                     .weight_step = weight_per_column ? group : 0, .epsilon = epsilon, .gate_first = gate_first};
  sotto_divide(pool, kernels[sotto_isa()], &n, rows, 4 * rows * columns);
}

void sotto_layer_norm(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                      ptrdiff_t group, const float *weight, const float *bias, int weight_per_column, float epsilon) {
  static const sotto_units kernels[] = LEVELS(layer_norm);
  normalization n = {.output = output, .x = x, .columns = columns, .group = group, .weight = weight,
                     .bias = bias, .weight_step = weight_per_column ? group : 0, .epsilon = epsilon};
  sotto_divide(pool, kernels[sotto_isa()], &n, rows, rows * columns);
}

void sotto_round_rows(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns) {
  static const sotto_units kernels[] = LEVELS(round_rows);
  normalization n = {.output = output, .x = x, .columns = columns};
  sotto_divide(pool, kernels[sotto_isa()], &n, rows, rows * columns);
}
