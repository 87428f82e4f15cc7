// The weighted sum of the chosen experts' outputs, row by row.
#include "experts.h"

#include "../common/parallel.h"

typedef struct {
  float *output;
  sotto_rows x, residual;
  const int32_t *slots;
  const float *weights;
  ptrdiff_t chosen, columns;
} combination;

#define SOTTO_BODY "../experts/combine.body.h"
#include "../common/levels.h"

void sotto_combine_experts(sotto_pool *pool, float *output, sotto_rows x, const int32_t *slots, const float *weights,
                           ptrdiff_t chosen, sotto_rows residual, ptrdiff_t rows, ptrdiff_t columns) {
  static const sotto_units kernels[] = LEVELS(combine_experts);
  combination c = {output, x, residual, slots, weights, chosen, columns};
  sotto_divide(pool, kernels[sotto_isa()], &c, rows, rows * columns * (chosen + 1));
}
