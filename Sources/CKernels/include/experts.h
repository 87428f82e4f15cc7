// Bringing a mixture's results together.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "elementwise.h"
#include "thread_pool.h"

/// output[t] = residual[t] + the sum over k of weights[t * chosen + k] * x[slots[t * chosen + k]] for `rows` rows t.
/// `residual.data` may be NULL. Costs one pass over x and the output.
void sotto_combine_experts(sotto_pool *pool, float *output, sotto_rows x, const int32_t *slots, const float *weights,
                           ptrdiff_t chosen, sotto_rows residual, ptrdiff_t rows, ptrdiff_t columns);
