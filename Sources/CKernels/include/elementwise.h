// Element-wise operations on matrices. Strides are the distances between rows in numbers; output rows are contiguous.
// Operations too small to divide run on the calling thread.
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
  SOTTO_RELU = 6,
  SOTTO_IDENTITY = 7,
  SOTTO_TANH = 8,
} sotto_activation;

/// Rows of numbers.
typedef struct {
  const float *data;
  ptrdiff_t stride;
} sotto_rows;

/// output = a + scale * b.
void sotto_add(sotto_pool *pool, float *output, sotto_rows a, sotto_rows b, ptrdiff_t rows, ptrdiff_t columns,
               float scale);
/// output = x * scale, then cap * tanh(. / cap) if cap > 0.
void sotto_scale(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns, float scale,
                 float cap);
/// output = activation(x); not for the clamped SwiGLU, which has two inputs.
void sotto_activate(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                    sotto_activation activation);
/// output = positive * x² + beta * x for x > 0, otherwise negative * (exp(min(x, limit)) - 1 - x) + beta * x: xIELU
/// (arXiv:2411.13010).
void sotto_xielu(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns, float positive,
                 float negative, float beta, float limit);
/// output[columns] = activation(x[columns]) * x[columns + i]: x has twice as many columns as the output. `alpha` and
/// `limit` are for the clamped SwiGLU only.
void sotto_gated(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                 sotto_activation activation, float alpha, float limit);
/// The same with gates and values in separate matrices. `gate_columns` is 1 for one gate per row, otherwise
/// `columns`.
void sotto_gate(sotto_pool *pool, float *output, sotto_rows gate, ptrdiff_t gate_columns, sotto_rows up, ptrdiff_t rows,
                ptrdiff_t columns, sotto_activation activation, float alpha, float limit);
