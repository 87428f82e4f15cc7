// Measures the matrix products relative to this machine's limits: the share of the peak rate of 8-bit dot products and
// of the memory bandwidth, for every format and several shapes and numbers of tokens.
//
//   Benchmarks/kernels/run [threads [format [tokens...]]]
//
// The limits are measured again before every shape. With one thread the time is the CPU time of this process, which
// other load affects less. Cycles through copies of each matrix that together exceed the caches, so that weights are
// read from memory.
#define _GNU_SOURCE  // clock_gettime, madvise
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "CKernels.h"

enum { COPIES_BYTES = 192 << 20, RUNS = 7 };

typedef struct {
  const char *name;
  sotto_weight_format format;
  size_t columns, bytes;  // of a block
  size_t group;
  sotto_precision precision;
} format;

static const format formats[] = {
    {"q4_0", SOTTO_Q4_0, 32, 18, 0, SOTTO_FAST},
    {"q4_1", SOTTO_Q4_1, 32, 20, 0, SOTTO_FAST},
    {"q5_0", SOTTO_Q5_0, 32, 22, 0, SOTTO_FAST},
    {"q5_1", SOTTO_Q5_1, 32, 24, 0, SOTTO_FAST},
    {"q8_0", SOTTO_Q8_0, 32, 34, 0, SOTTO_FAST},
    {"q4_K", SOTTO_Q4_K, 256, 144, 0, SOTTO_FAST},
    {"q5_K", SOTTO_Q5_K, 256, 176, 0, SOTTO_FAST},
    {"q6_K", SOTTO_Q6_K, 256, 210, 0, SOTTO_FAST},
    {"q2_K", SOTTO_Q2_K, 256, 84, 0, SOTTO_FAST},
    {"q3_K", SOTTO_Q3_K, 256, 110, 0, SOTTO_FAST},
    {"iq1_s", SOTTO_IQ1_S, 256, 50, 0, SOTTO_FAST},
    {"iq1_m", SOTTO_IQ1_M, 256, 56, 0, SOTTO_FAST},
    {"iq2_xxs", SOTTO_IQ2_XXS, 256, 66, 0, SOTTO_FAST},
    {"iq2_xs", SOTTO_IQ2_XS, 256, 74, 0, SOTTO_FAST},
    {"iq2_s", SOTTO_IQ2_S, 256, 82, 0, SOTTO_FAST},
    {"iq3_xxs", SOTTO_IQ3_XXS, 256, 98, 0, SOTTO_FAST},
    {"iq3_s", SOTTO_IQ3_S, 256, 110, 0, SOTTO_FAST},
    {"tq1_0", SOTTO_TQ1_0, 256, 54, 0, SOTTO_FAST},
    {"tq2_0", SOTTO_TQ2_0, 256, 66, 0, SOTTO_FAST},
    {"iq4_nl", SOTTO_IQ4_NL, 32, 18, 0, SOTTO_FAST},
    {"iq4_xs", SOTTO_IQ4_XS, 256, 136, 0, SOTTO_FAST},
    {"mxfp4", SOTTO_MXFP4, 32, 17, 0, SOTTO_FAST},
    {"mxfp4 planar", SOTTO_MXFP4_PLANAR, 32, 16, 32, SOTTO_FAST},
    {"affine4 g64", SOTTO_AFFINE4, 32, 16, 64, SOTTO_FAST},
    {"affine8 g64", SOTTO_AFFINE8, 32, 32, 64, SOTTO_FAST},
    {"float8 g128", SOTTO_FLOAT8, 32, 32, 128, SOTTO_FAST},
    {"bfloat16", SOTTO_BFLOAT16, 1, 2, 0, SOTTO_FAST},
    {"float16", SOTTO_FLOAT16, 1, 2, 0, SOTTO_FAST},
    {"float32", SOTTO_FLOAT32, 1, 4, 0, SOTTO_FAST},
    {"q4_1 exact", SOTTO_Q4_1, 32, 20, 0, SOTTO_EXACT},
    {"q8_0 exact", SOTTO_Q8_0, 32, 34, 0, SOTTO_EXACT},
};

static clockid_t timer = CLOCK_MONOTONIC;

static double seconds(void) {
  struct timespec now;
  clock_gettime(timer, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 2;
  if (threads == 1) timer = CLOCK_PROCESS_CPUTIME_ID;
  const char *only = argc > 2 ? argv[2] : "";
  size_t tokens[16] = {1, 2, 4, 8, 16, 32, 128, 512}, token_counts = 8;
  if (argc > 3) {
    token_counts = 0;
    for (int i = 3; i < argc && token_counts < 16; i++) tokens[token_counts++] = (size_t)atol(argv[i]);
  }
  const size_t shapes[][2] = {{576, 1536}, {1536, 576}, {2880, 2880}};
  sotto_pool *pool = sotto_pool_create(threads);
  sotto_workspace *workspace = sotto_workspace_create(pool);
  // Huge pages, as for mapped model files.
  uint8_t *memory = aligned_alloc(2 << 20, COPIES_BYTES), *scales = malloc(COPIES_BYTES / 8);
  float *x = malloc(512 * 4096 * sizeof *x), *y = malloc(512 * 4096 * sizeof *y);
  if (!workspace || !memory || !scales || !x || !y) return 1;
  madvise(memory, COPIES_BYTES, MADV_HUGEPAGE);
  // Random bytes are valid weights; masking keeps floating-point scales small.
  for (size_t i = 0; i < COPIES_BYTES; i++) memory[i] = (uint8_t)(rand() >> 8) & 0x3f;
  for (size_t i = 0; i < COPIES_BYTES / 8; i++) scales[i] = (uint8_t)(120 + i % 8);
  for (size_t i = 0; i < 512 * 4096; i++) x[i] = (float)(rand() % 2001 - 1000) / 1000;

  printf("%d threads, %s\n", threads, sotto_isa_name(sotto_isa()));
  printf("%-13s %10s %5s %9s %8s %8s %8s\n", "format", "out x in", "rows", "us", "GOP/s", "of peak", "of read");
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    if (*only && strcmp(only, formats[f].name) != 0 && strcmp(only, "all") != 0) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
      format f1 = formats[f];
      size_t rows = shapes[s][0], columns = shapes[s][1];
      size_t unit = f1.columns > f1.group ? f1.columns : f1.group;
      columns = (columns + unit - 1) / unit * unit;
      size_t bytes = rows * columns / f1.columns * f1.bytes, copies = COPIES_BYTES / bytes;
      size_t scale_bytes = f1.group ? rows * columns / f1.group * (f1.format == SOTTO_MXFP4_PLANAR ? 1 : 4) : 0;
      double peak = sotto_measure_int8_peak(pool), read = sotto_measure_read_bandwidth(pool, memory, COPIES_BYTES);
      for (size_t t = 0; t < token_counts; t++) {
        double times[RUNS];
        size_t copy = 0, repeats = 1 + (size_t)(6e8 / (2.0 * (double)(rows * columns * (tokens[t] + 4))));
        for (int run = 0; run < RUNS; run++) {
          double start = seconds();
          for (size_t r = 0; r < repeats; r++, copy = (copy + 1) % copies) {
            sotto_layer layer = {
                .weight = {.format = f1.format,
                           .scale_type = f1.format == SOTTO_FLOAT8 ? SOTTO_FLOAT32 : SOTTO_BFLOAT16,
                           .group = f1.group, .rows = rows, .columns = columns, .matrices = 1,
                           .values = memory + copy * bytes,
                           .scales = scales, .biases = f1.format >= SOTTO_AFFINE1 ? scales + scale_bytes / 2 : NULL}};
            sotto_linear_call call = {.x = x, .x_stride = columns, .tokens = tokens[t], .layers = &layer,
                                      .layer_count = 1, .y = y, .y_stride = rows, .precision = f1.precision};
            if (sotto_linear(workspace, &call)) return 1;
          }
          times[run] = (seconds() - start) / (double)repeats;
        }
        qsort(times, RUNS, sizeof *times, by_value);
        double time = times[RUNS / 2];
        double rate = 2.0 * (double)(rows * columns * tokens[t]) / time;
        char shape[24];
        snprintf(shape, sizeof shape, "%zux%zu", rows, columns);
        printf("%-13s %10s %5zu %9.1f %8.1f %7.1f%% %7.1f%%\n", f1.name, shape, tokens[t], time * 1e6, rate * 1e-9,
               100 * rate / peak, 100 * (double)(bytes + scale_bytes) / time / read);
      }
      printf("  (peak %.0f GOP/s, read %.1f GB/s)\n", peak * 1e-9, read * 1e-9);
      fflush(stdout);
    }
  }
  sotto_workspace_destroy(workspace);
  sotto_pool_destroy(pool);
  return 0;
}
