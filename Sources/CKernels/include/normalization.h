// Root mean square and layer normalisation of rows. Operations too small to divide run on the calling thread.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

/// output = x / sqrt(mean(x²) + epsilon) * (weight + offset) for each group of `group` columns. `weight` may be NULL
/// (all ones, no offset); it has `group` numbers, or one per column if `weight_per_column` is set.
void sotto_rms_norm(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                    ptrdiff_t group, const float *weight, int weight_per_column, float epsilon, float offset);
/// The same with a gate: of x * silu(gate) if `gate_first` is set, otherwise the normalised x times silu(gate).
/// `weight` must not be NULL.
void sotto_gated_rms_norm(sotto_pool *pool, float *output, sotto_rows x, sotto_rows gate, ptrdiff_t rows,
                          ptrdiff_t columns, ptrdiff_t group, const float *weight, int weight_per_column, float epsilon,
                          int gate_first);
/// output = (x - mean) / sqrt(variance + epsilon) * weight + bias for each group of `group` columns. Weight and bias may
/// be NULL; they have `group` numbers, or one per column if `weight_per_column` is set.
void sotto_layer_norm(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                      ptrdiff_t group, const float *weight, const float *bias, int weight_per_column, float epsilon);
/// output = round(x * s) / s with s = 127 / (the row's largest magnitude, at least 1e-5); halves are rounded to even.
void sotto_round_rows(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns);
