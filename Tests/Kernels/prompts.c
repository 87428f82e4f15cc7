// Products of tokens of prompts with AMX: those of numbers rounded to bfloat16, and the same bits whatever the other
// tokens are.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "products.h"

/// A number rounded to bfloat16: to nearest, halves to even.
static double rounded(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  memcpy(&x, &bits, 4);
  return x;
}

/// Whether the results of a layer are those of rounded numbers.
static void compare(const sotto_linear_call *call, size_t outputs, size_t columns) {
  const sotto_layer *layer = call->layers;
  const float *bias = layer->bias;
  float *row = check_room(columns);
  for (size_t r = 0; r < outputs; r++) {
    // The embedding of a row: its numbers as floats.
    sotto_matrix one = layer->weight;
    sotto_decode_row(&one, r, 1, row);
    for (size_t t = 0; t < call->tokens; t += 1 + call->tokens / 9) {
      double sum = 0, size = 1;
      for (size_t k = 0; k < columns; k++) {
        double product = rounded(row[k]) * rounded(call->x[t * columns + k]);
        sum += product, size += fabs(product);
      }
      if (bias) sum += bias[r];
      if (call->residual) sum += call->residual[t * outputs + r];
      // Scales times integers may be rounded in another order, and then to another bfloat16 number.
      if (!(fabs(sum - call->y[t * outputs + r]) < 2e-4 * size)) check_fail("a product with AMX");
    }
  }
}

static void layer(sotto_workspace *workspace, sotto_weight_format format, size_t count, size_t outputs, size_t columns,
                  int variant) {
  sotto_layer layer = {.weight = check_matrix(format, outputs, columns, 1, variant, 0),
                       .bias = variant % 3 ? check_numbers(outputs) : NULL};
  sotto_linear_call call = {.x = check_numbers(count * columns), .x_stride = columns, .tokens = count,
                            .layers = &layer, .layer_count = 1,
                            .residual = variant % 4 ? check_numbers(count * outputs) : NULL,
                            .residual_stride = outputs, .y = check_room(count * outputs), .y_stride = outputs,
                            .precision = SOTTO_FAST_PREFILL};
  if (sotto_linear(workspace, &call)) abort();
  compare(&call, outputs, columns);
  float *alone = check_room(outputs);
  size_t last = count - 1;
  sotto_linear_call single = call;
  single.x += last * columns, single.tokens = 1, single.y = alone;
  if (call.residual) single.residual += last * outputs;
  if (sotto_linear(workspace, &single)) abort();
  if (memcmp(alone, call.y + last * outputs, outputs * sizeof *alone)) check_fail("a token alone with AMX");
}

static void layers(sotto_pool *pool) {
  static const size_t tokens[] = {1, 2, 15, 16, 17, 33, 70, 530}, rows[] = {1, 16, 21, 40, 130, 300};
  // Those with functions of their own for few tokens.
  static const sotto_weight_format with_few[] = {SOTTO_MXFP4, SOTTO_MXFP4_PLANAR};
  static const size_t few[] = {1, 3, 16, 17, 31, 32, 47, 48, 64, 65, 96}, whole[] = {16, 48, 112},
                      columns[] = {96, 128, 224, 4256};
  check_keep_nothing();
  if (!sotto_has_amx() || sotto_isa() != SOTTO_ISA_AVX512) return;
  sotto_workspace *workspace = sotto_workspace_create(pool);
  for (int i = 0; i < 6 * SOTTO_WEIGHT_FORMATS; i++) {
    sotto_weight_format format = (sotto_weight_format)(i % SOTTO_WEIGHT_FORMATS);
    if (format == SOTTO_FLOAT32) continue;  // not with AMX
    layer(workspace, format, tokens[i % 8], rows[i / 3 % 6], check_unit(format) * (size_t)(1 + i % 5), i);
  }
  for (int i = 0; i < 66; i++) layer(workspace, with_few[i % 2], few[i % 11], whole[i / 11 % 3], columns[i / 3 % 4], i);
  sotto_workspace_destroy(workspace);
}

/// Experts have the results of layers, whatever their numbers of tokens.
static void experts(sotto_pool *pool) {
  enum { EXPERTS = 6, ROWS = 48, COLUMNS = 160, ENTRIES = 190 };
  static const int32_t starts[EXPERTS + 1] = {0, 20, 21, 21, 60, 125, ENTRIES};
  check_keep_nothing();
  if (!sotto_has_amx() || sotto_isa() != SOTTO_ISA_AVX512) return;
  sotto_workspace *workspace = sotto_workspace_create(pool);
  for (int is_planar = 0; is_planar < 2; is_planar++) {
    sotto_weight_format format = is_planar ? SOTTO_MXFP4_PLANAR : SOTTO_MXFP4;
    size_t row_bytes = COLUMNS / 32 * (is_planar ? 16 : 17), matrix_bytes = ROWS * row_bytes;
    sotto_expert_layer layer = {.weight = check_matrix(format, ROWS, COLUMNS, EXPERTS, 0, 0)};
    int32_t *x_rows = check_scratch(ENTRIES * 4), *counts = check_scratch(sizeof starts);
    for (int32_t e = 0; e < ENTRIES; e++) x_rows[e] = e;
    memcpy(counts, starts, sizeof starts);
    sotto_experts_call call = {.x = check_numbers(ENTRIES * COLUMNS), .x_stride = COLUMNS, .x_rows = x_rows,
                               .starts = counts, .layers = &layer, .layer_count = 1,
                               .y = check_room(ENTRIES * ROWS), .y_stride = ROWS, .precision = SOTTO_FAST_PREFILL};
    if (sotto_experts(workspace, &call)) abort();
    for (size_t e = 0; e < EXPERTS; e++) {
      size_t start = (size_t)starts[e], count = (size_t)starts[e + 1] - start;
      sotto_layer one = {.weight = layer.weight};
      one.weight.matrices = 1;
      one.weight.values = (const uint8_t *)layer.weight.values + e * matrix_bytes;
      if (is_planar) one.weight.scales = (const uint8_t *)layer.weight.scales + e * ROWS * COLUMNS / 32;
      sotto_linear_call single = {.x = call.x + start * COLUMNS, .x_stride = COLUMNS, .tokens = count, .layers = &one,
                                  .layer_count = 1, .y = check_room(ENTRIES * ROWS), .y_stride = ROWS,
                                  .precision = SOTTO_FAST_PREFILL};
      if (sotto_linear(workspace, &single)) abort();
      if (memcmp(single.y, call.y + start * ROWS, count * ROWS * sizeof *call.y)) check_fail("an expert with AMX");
    }
  }
  sotto_workspace_destroy(workspace);
}

const check check_prompts[] = {{"products of prompts", layers, 0}, {"experts of prompts", experts, 0}, {NULL, NULL, 0}};
