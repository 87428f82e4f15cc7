// Sums, scalings and gates: one pass over memory, vectorised exponentials.
//
// A unit of work is a segment of a row, so that a single long row (logits) is divided as well as many short ones.
#include "elementwise.h"

#include <math.h>

#include "../common/parallel.h"

typedef struct {
  float *output;
  sotto_rows a, b;
  ptrdiff_t columns, segments;
  float scale, limit;
  float positive, negative;  // of xIELU
  sotto_activation activation;
  int repeats;  // whether a has one column for the whole row
} elementwise;

#define SOTTO_BODY "../elementwise/elementwise.body.h"
#include "../common/levels.h"

static void run(sotto_pool *pool, const sotto_units kernels[SOTTO_ISA_LEVELS], elementwise *e, ptrdiff_t rows,
                ptrdiff_t columns) {
  e->columns = columns;
  e->segments = (columns + SOTTO_SEGMENT - 1) / SOTTO_SEGMENT;
  sotto_divide(pool, kernels[sotto_isa()], e, rows * e->segments, rows * columns);
}

void sotto_add(sotto_pool *pool, float *output, sotto_rows a, sotto_rows b, ptrdiff_t rows, ptrdiff_t columns,
               float scale) {
  static const sotto_units kernels[] = LEVELS(add);
  elementwise e = {.output = output, .a = a, .b = b, .scale = scale};
  run(pool, kernels, &e, rows, columns);
}

void sotto_scale(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns, float scale,
                 float cap) {
  static const sotto_units kernels[] = LEVELS(scale);
  elementwise e = {.output = output, .a = x, .scale = scale, .limit = cap};
  run(pool, kernels, &e, rows, columns);
}

void sotto_activate(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                    sotto_activation activation) {
  static const sotto_units kernels[] = LEVELS(activate);
  elementwise e = {.output = output, .a = x, .activation = activation};
  run(pool, kernels, &e, rows, columns);
}

void sotto_xielu(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns, float positive,
                 float negative, float beta, float limit) {
  static const sotto_units kernels[] = LEVELS(xielu);
  elementwise e = {.output = output, .a = x, .scale = beta, .limit = limit, .positive = positive,
                   .negative = negative};
  run(pool, kernels, &e, rows, columns);
}

void sotto_gate(sotto_pool *pool, float *output, sotto_rows gate, ptrdiff_t gate_columns, sotto_rows up, ptrdiff_t rows,
                ptrdiff_t columns, sotto_activation activation, float alpha, float limit) {
  static const sotto_units kernels[] = LEVELS(gate);
  elementwise e = {.output = output, .a = gate, .b = up, .scale = alpha, .limit = limit, .activation = activation,
                   .repeats = gate_columns == 1};
  run(pool, kernels, &e, rows, columns);
}

void sotto_gated(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t columns,
                 sotto_activation activation, float alpha, float limit) {
  sotto_rows up = {x.data + columns, x.stride};
  sotto_gate(pool, output, x, columns, up, rows, columns, activation, alpha, limit);
}
