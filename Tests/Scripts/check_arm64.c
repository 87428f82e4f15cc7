// Runs the kernels with the portable code and with the best of the machine and compares; for check_arm64.sh.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static uint64_t state = 1;
static float number(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (float)(int32_t)(state >> 32) * 0x1p-30f;
}
static float *numbers(size_t count) {
  float *x = aligned_alloc(64, (count * 4 + 63) & ~(size_t)63);
  if (!x) abort();
  for (size_t i = 0; i < count; i++) x[i] = number();
  return x;
}

enum { ROWS = 70, HEADS = 6, SHARED = 2, SIZE = 20, COLUMNS = HEADS * SIZE, PAGES = 2 };

typedef struct {
  const float *x, *weight, *angles;
  sotto_pool *pool;
} inputs;
typedef void (*operation)(const inputs *in, float *output);

static void gates(const inputs *in, float *output) {
  for (int kind = 0; kind <= SOTTO_SIGMOID_GATE; kind++)
    sotto_gated(in->pool, output + kind * ROWS * COLUMNS / 2, (sotto_rows){in->x, COLUMNS}, ROWS, COLUMNS / 2,
                (sotto_activation)kind, 1.7f, 1.5f);
}
static void caps(const inputs *in, float *output) {
  sotto_scale(in->pool, output, (sotto_rows){in->x, COLUMNS}, ROWS, COLUMNS, 3, 2);
}
static void norms(const inputs *in, float *output) {
  sotto_rows x = {in->x, COLUMNS};
  sotto_rms_norm(in->pool, output, x, ROWS, COLUMNS, SIZE, in->weight, 1, 1e-5f, 1);
  sotto_layer_norm(in->pool, output + ROWS * COLUMNS, x, ROWS, COLUMNS, in->weight, NULL, 1e-5f);
  for (int first = 0; first < 2; first++)
    sotto_gated_rms_norm(in->pool, output + 2 * ROWS * COLUMNS, x, x, ROWS - 1 - first, COLUMNS, SIZE, in->weight, 1,
                         1e-5f, first);
}
static void rotations(const inputs *in, float *output) {
  sotto_rows x = {in->x, COLUMNS};
  sotto_rotary(in->pool, output, x, ROWS, HEADS, SIZE, in->angles, SIZE / 2, 0);
  sotto_rotary(in->pool, output + ROWS * COLUMNS, x, ROWS, HEADS, SIZE, in->angles, SIZE / 4, 1);
}
static void convolutions(const inputs *in, float *output) {
  float carried[3 * COLUMNS];
  memcpy(carried, in->x, sizeof carried);
  for (ptrdiff_t taps = 2; taps <= 4; taps++) {
    sotto_convolved sequence = {carried, 0, ROWS};
    sotto_convolution c = {.output = output, .x = {in->x, COLUMNS}, .channels = COLUMNS - 3, .taps = taps,
                           .weight = in->x + COLUMNS, .bias = in->weight, .silu = taps != 3,
                           .sequences = &sequence, .sequence_count = 1};
    sotto_convolve(in->pool, &c);
    output += ROWS * COLUMNS;
  }
}
static void scans(const inputs *in, float *output) {
  // In chunks, then a few rows one by one behind the same states.
  enum { STATE = 9, GROUPS = 3 };
  float states[HEADS * STATE * SIZE];
  memcpy(states, in->x, sizeof states);
  static const ptrdiff_t rows[] = {ROWS, 3};
  for (int call = 0; call < 2; call++, output += ROWS * COLUMNS) {
    sotto_scanned sequence = {states, 0, rows[call]};
    sotto_state_space s = {.output = output, .x = {in->x, COLUMNS}, .b = {in->x + 1, COLUMNS}, .c = {in->x + 40, COLUMNS},
                           .dt = {in->x + 80, COLUMNS}, .a_log = in->weight, .dt_bias = in->weight + 7, .d = in->weight,
                           .heads = HEADS, .head_size = SIZE, .groups = GROUPS, .state_size = STATE,
                           .least_step = 0.01f, .most_step = 3, .sequences = &sequence, .sequence_count = 1};
    float *scratch = numbers(sotto_scan_scratch(&s) * (size_t)sotto_pool_threads(in->pool));
    sotto_scan(in->pool, &s, scratch);
    free(scratch);
  }
  memcpy(output, states, sizeof states);
}
/// A chunk and a half, then a few tokens more behind it; sizes that vectors do not divide.
static void deltas(const inputs *in, float *output) {
  enum { KEY = 10, VALUE = 19, VALUES = 4 };
  float state[VALUES * KEY * VALUE] = {0};
  ptrdiff_t counts[] = {ROWS, 3};
  for (int i = 0; i < 2; i++) {
    sotto_delta_sequence sequence = {state, 0, counts[i]};
    sotto_gated_delta d = {.key_heads = 2, .value_heads = VALUES, .key_size = KEY, .value_size = VALUE,
                           .query = {in->x, COLUMNS}, .key = {in->x + 2 * KEY, COLUMNS},
                           .value = {in->x + 4 * KEY, COLUMNS}, .decay = {in->x + 1, COLUMNS},
                           .write = {in->x + 7, COLUMNS}, .log_decay = in->weight, .bias = in->weight + VALUES,
                           .epsilon = 1e-6f, .output = output, .sequences = &sequence, .sequence_count = 1};
    float *scratch = numbers(sotto_gated_delta_scratch(&d, sotto_pool_threads(in->pool)) / 4);
    sotto_gated_delta_run(in->pool, &d, scratch);
    free(scratch);
    output += ROWS * VALUES * VALUE;
  }
}
static void attend(const inputs *in, float *output, sotto_cache_format format) {
  sotto_attention a = {.layout = {SHARED, SIZE, SIZE, format}, .query = {in->x, COLUMNS}, .output = output,
                       .heads = HEADS, .scale = 1.2f, .softcap = 4, .window = 50, .sinks = in->weight,
                       .sequence_count = 1};
  size_t bytes = sotto_page_bytes(&a.layout);
  void *pages[PAGES];
  for (int i = 0; i < PAGES; i++) {
    pages[i] = numbers(bytes / 4);
    memset(pages[i], 0, bytes);
  }
  sotto_rows rows = {in->x, COLUMNS};
  sotto_cache_write(in->pool, &a.layout, pages, 0, rows, rows, ROWS);
  sotto_sequence sequence = {(const void *const *)pages, 0, ROWS, 0, ROWS};
  a.sequences = &sequence;
  sotto_attention_plan plan = sotto_plan_attention(&a, sotto_pool_threads(in->pool));
  float *scratch = numbers(plan.scratch_bytes / 4);
  sotto_attend(in->pool, &a, &plan, scratch);
  // One row more: the way of few rows.
  sotto_cache_write(in->pool, &a.layout, pages, ROWS, rows, rows, 1);
  sequence = (sotto_sequence){(const void *const *)pages, 0, ROWS + 1, 0, 1};
  a.output += ROWS * COLUMNS;
  plan = sotto_plan_attention(&a, 1);
  float *more = numbers(plan.scratch_bytes / 4);
  sotto_attend(NULL, &a, &plan, more);
  for (int i = 0; i < PAGES; i++) free(pages[i]);
  free(scratch);
  free(more);
}
static void attend_f32(const inputs *in, float *output) { attend(in, output, SOTTO_CACHE_F32); }
static void attend_f16(const inputs *in, float *output) { attend(in, output, SOTTO_CACHE_F16); }
static void attend_i8(const inputs *in, float *output) { attend(in, output, SOTTO_CACHE_I8); }

/// Every weight format, few and many tokens, a number of outputs that tiles do not divide.
static void products(const inputs *in, float *output, sotto_precision precision) {
  enum { OUTPUTS = 21, INPUTS = 256, TOKENS = 5 };
  static const size_t columns[] = {1, 1, 1, 32, 32, 32, 32, 32, 256, 256, 256, 32, 32, 32, 32};
  static const size_t bytes[] = {4, 2, 2, 18, 20, 22, 24, 34, 144, 176, 210, 17, 16, 16, 32};
  static uint8_t values[OUTPUTS * INPUTS * 4], scales[OUTPUTS * INPUTS];
  // No bits that would make a float or a scale large.
  for (size_t i = 0; i < sizeof values; i++) values[i] = (uint8_t)(i * 167 >> 2 & 0x3f);
  for (size_t i = 0; i < sizeof scales; i++) scales[i] = (uint8_t)(0x3c + (i * 5 >> 3 & 1));
  sotto_workspace *workspace = sotto_workspace_create(in->pool);
  for (int format = 0; format < SOTTO_WEIGHT_FORMATS; format++) {
    if (format == SOTTO_MXFP4)  // scales near one
      for (size_t i = 0; i < sizeof values; i++) values[i] |= 0x78;
    sotto_layer layer = {.weight = {.format = (sotto_weight_format)format,
                                    .scale_type = SOTTO_BFLOAT16,
                                    .group = 64,
                                    .rows = OUTPUTS,
                                    .columns = INPUTS / columns[format] * columns[format],
                                    .matrices = 1,
                                    .values = values,
                                    .scales = scales,
                                    .biases = scales},
                         .bias = in->weight};
    if (OUTPUTS * INPUTS / columns[format] * bytes[format] > sizeof values) abort();
    sotto_linear_call call = {.x = in->x, .x_stride = INPUTS, .tokens = TOKENS, .layers = &layer, .layer_count = 1,
                              .y = output + format * OUTPUTS * TOKENS, .y_stride = OUTPUTS, .precision = precision};
    if (sotto_linear(workspace, &call)) abort();
  }
  sotto_workspace_destroy(workspace);
}
static void exact_products(const inputs *in, float *output) { products(in, output, SOTTO_EXACT); }
static void fast_products(const inputs *in, float *output) { products(in, output, SOTTO_FAST); }

int main(void) {
  static const struct {
    const char *name;
    operation run;
  } operations[] = {{"gates", gates},         {"softcap", caps},          {"norms", norms},
                    {"rotary", rotations},    {"convolutions", convolutions}, {"scans", scans},
                    {"gated delta", deltas},  {"attention f32", attend_f32}, {"attention f16", attend_f16},
                    {"attention i8", attend_i8},
                    {"products exact", exact_products}, {"products fast", fast_products}};
  inputs in = {.x = numbers(ROWS * COLUMNS), .weight = numbers(COLUMNS), .angles = numbers(ROWS * SIZE),
               .pool = sotto_pool_create(3)};
  int failed = 0;
  size_t count = 3 * ROWS * COLUMNS;
  sotto_isa_level best = sotto_isa();
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    float *expected = numbers(count), *output = numbers(count), worst = 0;
    memcpy(output, expected, count * 4);
    sotto_set_isa(SOTTO_ISA_PORTABLE);
    operations[i].run(&in, expected);
    sotto_set_isa(best);
    operations[i].run(&in, output);
    for (size_t j = 0; j < count; j++) {
      float difference = fabsf(output[j] - expected[j]) / (1 + fabsf(expected[j]));
      if (!(difference <= worst)) worst = difference;
    }
    int right = worst < 3e-6f;
    failed |= !right;
    printf("%s %s: portable and %s differ by %g\n", right ? "ok" : "FAILED", operations[i].name,
           sotto_isa_name(best), worst);
    free(expected);
    free(output);
  }
  sotto_pool_destroy(in.pool);
  return failed;
}
