// Root mean square and layer normalisation of rows. Work that is too small to share is done on the calling thread.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

/// output = x / sqrt(mean(x²) + epsilon) * (weight + offset) for each group of `group` columns. `weight` may be NULL
/// (all ones, the offset unused); it has `group` numbers, or one for each column where `weight_per_column` is set.
void sotto_rms_norm(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                    ptrdiff_t group, const float *weight, int weight_per_column, float epsilon, float offset);
/// output = (x - mean) / sqrt(variance + epsilon) * weight + bias over all columns; weight and bias may be NULL.
void sotto_layer_norm(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                      const float *weight, const float *bias, float epsilon);
