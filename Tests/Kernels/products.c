// Products with weights of every format: few and many tokens, layers side by side, experts, embeddings; and bytes
// that no file should have.
#include <math.h>
#include <stdlib.h>

#include "products.h"

/// A format's columns a block, bytes a block, and the columns that a matrix may have at least.
static const struct {
  size_t columns, bytes, unit;
} formats[SOTTO_WEIGHT_FORMATS] = {
    [SOTTO_FLOAT32] = {1, 4, 37},     [SOTTO_FLOAT16] = {1, 2, 37},      [SOTTO_BFLOAT16] = {1, 2, 37},
    [SOTTO_Q4_0] = {32, 18, 32},      [SOTTO_Q4_1] = {32, 20, 32},       [SOTTO_Q5_0] = {32, 22, 32},
    [SOTTO_Q5_1] = {32, 24, 32},      [SOTTO_Q8_0] = {32, 34, 32},       [SOTTO_Q4_K] = {256, 144, 256},
    [SOTTO_Q5_K] = {256, 176, 256},   [SOTTO_Q6_K] = {256, 210, 256},    [SOTTO_MXFP4] = {32, 17, 32},
    [SOTTO_MXFP4_PLANAR] = {32, 16, 32}, [SOTTO_Q2_K] = {256, 84, 256},  [SOTTO_Q3_K] = {256, 110, 256},
    [SOTTO_IQ1_S] = {256, 50, 256},   [SOTTO_IQ1_M] = {256, 56, 256},    [SOTTO_IQ2_XXS] = {256, 66, 256},
    [SOTTO_IQ2_XS] = {256, 74, 256},  [SOTTO_IQ2_S] = {256, 82, 256},    [SOTTO_IQ3_XXS] = {256, 98, 256},
    [SOTTO_IQ3_S] = {256, 110, 256},  [SOTTO_TQ1_0] = {256, 54, 256},    [SOTTO_TQ2_0] = {256, 66, 256},
    [SOTTO_Q8_K] = {256, 292, 256},   [SOTTO_NVFP4] = {64, 36, 64},      [SOTTO_NVFP4_PLANAR] = {32, 16, 32},
    [SOTTO_FLOAT8] = {32, 32, 128},   [SOTTO_IQ4_NL] = {32, 18, 32},    [SOTTO_IQ4_XS] = {256, 136, 256},  [SOTTO_AFFINE1] = {32, 4, 128},
    [SOTTO_AFFINE2] = {32, 8, 128},   [SOTTO_AFFINE3] = {32, 12, 128},   [SOTTO_AFFINE4] = {32, 16, 128},
    [SOTTO_AFFINE5] = {32, 20, 128},  [SOTTO_AFFINE6] = {32, 24, 128},   [SOTTO_AFFINE8] = {32, 32, 128}};

static const size_t scale_bytes[] = {[SOTTO_FLOAT32] = 4, [SOTTO_FLOAT16] = 2, [SOTTO_BFLOAT16] = 2};

size_t check_unit(sotto_weight_format format) { return formats[format].unit; }

sotto_matrix check_matrix(sotto_weight_format format, size_t rows, size_t columns, size_t matrices, int variant,
                          int is_hostile) {
  static const size_t groups[] = {32, 64, 128};
  sotto_matrix m = {.format = format, .scale_type = (sotto_weight_format)(variant % 3),
                    .group = groups[variant / 3 % 3], .has_zero_points = variant % 2, .rows = rows, .columns = columns, .matrices = matrices};
  uint8_t mask = is_hostile ? 255 : 0x3f, near_one = is_hostile ? 0 : 0x78;
  size_t numbers = matrices * rows * columns;
  m.values = check_bytes(numbers / formats[format].columns * formats[format].bytes, mask,
                         format == SOTTO_MXFP4 ? near_one : 0);
  if (format == SOTTO_MXFP4_PLANAR) m.scales = check_bytes(numbers / 32, is_hostile ? 255 : 7, near_one);
  if (format == SOTTO_NVFP4_PLANAR) m.scales = check_bytes(numbers / 16, is_hostile ? 255 : 0x3f, 0);
  if (format == SOTTO_FLOAT8) {
    m.scale_type = variant % 2 ? SOTTO_E8M0 : SOTTO_FLOAT32;
    m.scales = variant % 2 ? check_bytes(numbers / m.group, is_hostile ? 255 : 7, near_one)
                           : check_bytes(numbers / m.group * 4, mask, 0);
  }
  if (format >= SOTTO_AFFINE1) {
    m.scales = check_bytes(numbers / m.group * scale_bytes[m.scale_type], mask, 0);
    m.biases = check_bytes(numbers / m.group * (m.has_zero_points ? 1 : scale_bytes[m.scale_type]), mask, 0);
  }
  return m;
}

static float *activations(size_t count, int is_hostile) {
  static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-40f, 0};
  float *x = check_numbers(count);
  for (size_t i = 0; is_hostile && i < count; i += 1 + check_bits() % 20) x[i] = odd[check_bits() % 7];
  return x;
}

/// One layer of every format and variant, at the counts of tokens at which the ways to multiply change.
static void linear(sotto_pool *pool, sotto_precision precision, int is_hostile) {
  static const size_t tokens[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 17, 30, 40}, rows[] = {1, 16, 21, 37, 70};
  sotto_workspace *workspace = sotto_workspace_create(pool);
  if (is_hostile) check_keep_nothing();
  for (int format = 0; format < SOTTO_WEIGHT_FORMATS; format++) {
    // How bfloat16 and E4M3 weights are multiplied differs between levels.
    if ((format == SOTTO_BFLOAT16 || format == SOTTO_FLOAT8) && precision == SOTTO_FAST && !is_hostile) continue;
    for (int i = 0; i < 28; i++) {
      size_t unit = formats[format].unit, blocks = (size_t)(1 + i % (unit == 32 ? 7 : 3));
      size_t count = tokens[i % 14], columns = unit * blocks, outputs = rows[i % 5];
      size_t gap = (size_t)(i % 2) * 3;
      sotto_layer layer = {.weight = check_matrix((sotto_weight_format)format, outputs, columns, 1, i, is_hostile),
                           .bias = i % 3 ? check_numbers(outputs) : NULL};
      size_t x_stride = columns + gap, y_stride = outputs + gap;
      sotto_linear_call call = {.x = activations((count - 1) * x_stride + columns, is_hostile), .x_stride = x_stride,
                                .tokens = count, .layers = &layer, .layer_count = 1,
                                .residual = i % 4 ? check_numbers((count - 1) * y_stride + outputs) : NULL,
                                .residual_stride = y_stride, .y = check_room((count - 1) * y_stride + outputs),
                                .y_stride = y_stride, .precision = precision};
      if (sotto_linear(workspace, &call)) abort();
      check_keep(call.y, count, outputs, y_stride);
      // The same numbers whatever the other tokens are.
      float *alone = check_room(outputs);
      size_t last = count - 1;
      sotto_linear_call single = call;
      single.x += last * x_stride, single.tokens = 1, single.y = alone;
      if (call.residual) single.residual += last * y_stride;
      if (sotto_linear(workspace, &single)) abort();
      if (!is_hostile && memcmp(alone, call.y + last * y_stride, outputs * sizeof *alone)) check_fail("a token alone");
      float *row = check_room(columns);
      sotto_decode_row(&layer.weight, outputs - 1, 1, row);
      check_keep(row, 1, columns, columns);
    }
  }
  sotto_workspace_destroy(workspace);
}

/// Layers of different formats that share their activations, of sizes at which chunks and panels end.
static void side_by_side(sotto_pool *pool) {
  static const sotto_weight_format kinds[] = {SOTTO_Q8_0, SOTTO_FLOAT32, SOTTO_Q4_1, SOTTO_Q6_K};
  static const size_t rows[] = {40, 7, 16, 3}, shapes[][2] = {{1, 768}, {390, 256}, {24, 4352}};
  sotto_workspace *workspace = sotto_workspace_create(pool);
  for (int i = 0; i < 3; i++)
    for (int precision = SOTTO_EXACT; precision <= SOTTO_FAST; precision++) {
      size_t tokens = shapes[i][0], columns = shapes[i][1], outputs = 66;
      sotto_layer layers[4];
      for (int k = 0; k < 4; k++)
        layers[k] = (sotto_layer){.weight = check_matrix(kinds[k], rows[k], columns, 1, 0, 0)};
      sotto_linear_call call = {.x = check_numbers(tokens * columns), .x_stride = columns, .tokens = tokens,
                                .layers = layers, .layer_count = 4, .y = check_room(tokens * outputs),
                                .y_stride = outputs, .precision = (sotto_precision)precision};
      if (sotto_linear(workspace, &call)) abort();
      check_keep(call.y, tokens, outputs, outputs);
    }
  sotto_workspace_destroy(workspace);
}

/// Experts that many, few and no tokens chose, and their outputs put together.
static void experts(sotto_pool *pool) {
  enum { EXPERTS = 5, TOKENS = 23, CHOSEN = 2, ENTRIES = TOKENS * CHOSEN, ROWS = 38 };
  static const int32_t starts[EXPERTS + 1] = {0, 20, 21, 21, 24, ENTRIES};
  sotto_workspace *workspace = sotto_workspace_create(pool);
  for (int format = 0; format < SOTTO_WEIGHT_FORMATS; format++)
    for (int precision = SOTTO_EXACT; precision <= SOTTO_FAST; precision++) {
      if ((format == SOTTO_BFLOAT16 || format == SOTTO_FLOAT8) && precision == SOTTO_FAST) continue;
      size_t columns = formats[format].unit * 2;
      sotto_expert_layer layers[2];
      for (int k = 0; k < 2; k++)
        layers[k] = (sotto_expert_layer){.weight = check_matrix((sotto_weight_format)format, ROWS, columns, EXPERTS, k, 0),
                                         .bias = k ? check_bytes(EXPERTS * ROWS * 2, 0x3f, 0) : NULL,
                                         .bias_format = SOTTO_BFLOAT16};
      int32_t *x_rows = check_scratch(ENTRIES * 4), *entries = check_scratch(ENTRIES * 4);
      for (int32_t e = 0; e < ENTRIES; e++) x_rows[e] = e * 7 % TOKENS, entries[e] = e * 5 % ENTRIES;
      int32_t *counts = check_scratch(sizeof starts);
      memcpy(counts, starts, sizeof starts);
      sotto_experts_call call = {.x = check_numbers(TOKENS * columns), .x_stride = columns, .x_rows = x_rows,
                                 .starts = counts, .layers = layers, .layer_count = 2,
                                 .y = check_room(ENTRIES * 2 * ROWS), .y_stride = 2 * ROWS,
                                 .precision = (sotto_precision)precision, .splits_pairs = format % 2};
      if (sotto_experts(workspace, &call)) abort();
      check_keep(call.y, ENTRIES, 2 * ROWS, 2 * ROWS);
      sotto_combine_call combine = {.x = call.y, .x_stride = 2 * ROWS, .entries = entries,
                                    .weights = check_numbers(ENTRIES), .tokens = TOKENS, .count = CHOSEN,
                                    .columns = 2 * ROWS,
                                    .residual = format % 2 ? check_numbers(TOKENS * 2 * ROWS) : NULL,
                                    .residual_stride = 2 * ROWS, .y = check_room(TOKENS * 2 * ROWS),
                                    .y_stride = 2 * ROWS};
      sotto_combine(pool, &combine);
      check_keep(combine.y, TOKENS, 2 * ROWS, 2 * ROWS);
    }
  sotto_workspace_destroy(workspace);
}

static void exact(sotto_pool *pool) { linear(pool, SOTTO_EXACT, 0); }
static void fast(sotto_pool *pool) { linear(pool, SOTTO_FAST, 0); }
static void hostile_exact(sotto_pool *pool) { linear(pool, SOTTO_EXACT, 1); }
static void hostile_fast(sotto_pool *pool) { linear(pool, SOTTO_FAST, 1); }
static void hostile_prefill(sotto_pool *pool) { linear(pool, SOTTO_FAST_PREFILL, 1); }

const check check_products[] = {
    {"products, exact", exact, 3e-6f},          {"products, fast", fast, 3e-6f},
    {"products of any bytes, exact", hostile_exact, 0}, {"products of any bytes, fast", hostile_fast, 0},
    {"products of any bytes, prompts", hostile_prefill, 0},
    {"layers side by side", side_by_side, 3e-6f}, {"experts", experts, 3e-6f},
    {NULL, NULL, 0}};
