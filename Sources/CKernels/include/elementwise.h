// Operations on every number of a matrix. Strides are the distances between rows in numbers; outputs are without
// gaps. Work that is too small to share is done on the calling thread.
#pragma once
#include <stddef.h>

#include "thread_pool.h"

typedef enum {
  SOTTO_SILU = 0,
  SOTTO_GELU_TANH = 1,
  SOTTO_GELU = 2,
  SOTTO_RELU_SQUARED = 3,
  SOTTO_CLAMPED_SWIGLU = 4,
  SOTTO_SIGMOID_GATE = 5,
} sotto_activation;

/// Rows of numbers.
typedef struct {
  const float *data;
  ptrdiff_t stride;
} sotto_rows;

/// output = a + scale * b.
void sotto_add(sotto_pool *pool, float *output, sotto_rows a, sotto_rows b, ptrdiff_t rows, ptrdiff_t columns,
               float scale);
/// output = x * scale, then cap * tanh(. / cap) where cap > 0.
void sotto_scale(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns, float scale,
                 float cap);
/// output[columns] = activation(x[columns]) * x[columns + i]: x has twice as many columns as the output. `alpha` and
/// `limit` are for the clamped SwiGLU only.
void sotto_gated(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                 sotto_activation activation, float alpha, float limit);
/// The same for gates and values in matrices of their own. With `gate_columns` 1 a row has one gate for all its values;
/// otherwise it is `columns`.
void sotto_gate(sotto_pool *pool, float *output, sotto_rows gate, ptrdiff_t gate_columns, sotto_rows up, ptrdiff_t rows,
                ptrdiff_t columns, sotto_activation activation, float alpha, float limit);
