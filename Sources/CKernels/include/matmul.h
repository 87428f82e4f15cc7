// Products of activations and quantised weights, y = x Wᵀ + b + residual, on weights exactly as stored in files.
//
// Weights are decoded tile by tile (16 output rows) during the product and never copied as a whole. A product costs
// one parallel region (two if many tokens are quantised first) and allocates nothing once the workspace has grown to
// the largest call. Results depend neither on the number of workers nor on how many tokens are computed together.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "thread_pool.h"

/// The storage format of a matrix; see `WeightFormat` in Swift for the layouts.
typedef enum {
  SOTTO_FLOAT32,
  SOTTO_FLOAT16,
  SOTTO_BFLOAT16,
  SOTTO_Q4_0,
  SOTTO_Q4_1,
  SOTTO_Q5_0,
  SOTTO_Q5_1,
  SOTTO_Q8_0,
  SOTTO_Q4_K,
  SOTTO_Q5_K,
  SOTTO_Q6_K,
  SOTTO_MXFP4,
  SOTTO_MXFP4_PLANAR,
  SOTTO_Q2_K,
  SOTTO_Q3_K,
  SOTTO_IQ4_NL,
  SOTTO_IQ4_XS,
  SOTTO_IQ1_S,
  SOTTO_IQ1_M,
  SOTTO_IQ2_XXS,
  SOTTO_IQ2_XS,
  SOTTO_IQ2_S,
  SOTTO_IQ3_XXS,
  SOTTO_IQ3_S,
  SOTTO_TQ1_0,
  SOTTO_TQ2_0,
  SOTTO_Q8_K,
  SOTTO_NVFP4,
  SOTTO_NVFP4_PLANAR,
  SOTTO_FLOAT8,  // E4M3 bytes with a plane of scales
  // Affine groups: the last formats.
  SOTTO_AFFINE1,
  SOTTO_AFFINE2,
  SOTTO_AFFINE3,
  SOTTO_AFFINE4,
  SOTTO_AFFINE5,
  SOTTO_AFFINE6,
  SOTTO_AFFINE8,
  SOTTO_WEIGHT_FORMATS,
  SOTTO_E8M0  // a type of scales only
} sotto_weight_format;

typedef enum {
  /// float32 activations; weights as stored.
  SOTTO_EXACT,
  /// Activations in 8 bits with a scale for every 32 columns (or bfloat16 against bfloat16 weights).
  SOTTO_FAST,
  /// As SOTTO_FAST, for tokens of prompts: with AMX, activations and weights in bfloat16. Slower for less than 16.
  SOTTO_FAST_PREFILL
} sotto_precision;

/// The start of one matrix of a stack in each of its planes.
typedef struct {
  const void *values, *scales, *biases;
} sotto_planes;

/// `matrices` matrices [rows, columns], contiguous or at the addresses in `apart`. The caller has checked that the
/// planes have the size that the format requires and that columns divide into blocks; nothing beyond is read.
typedef struct {
  sotto_weight_format format;
  /// SOTTO_FLOAT32, SOTTO_FLOAT16 or SOTTO_BFLOAT16: the type of an affine format's scales and biases. SOTTO_FLOAT8's
  /// scales are SOTTO_FLOAT32 numbers or SOTTO_E8M0 bytes.
  sotto_weight_format scale_type;
  /// Columns that share a scale in an affine format (32, 64 or 128) and SOTTO_FLOAT8 (a multiple of 32).
  size_t group;
  /// The biases of an affine format are bytes, the zero points: bias = -zero * scale.
  int has_zero_points;
  size_t rows, columns, matrices;
  const void *values, *scales, *biases;
  const sotto_planes *apart;  // each matrix's own planes, or NULL
} sotto_matrix;

/// A layer: one weight, and its bias of `rows` floats or NULL.
typedef struct {
  sotto_matrix weight;
  const float *bias;
} sotto_layer;

/// y[t] = [layers' outputs side by side] + residual[t] for `tokens` rows of x. Strides are in floats.
typedef struct {
  const float *x;
  size_t x_stride, tokens;
  /// All have the same number of columns.
  const sotto_layer *layers;
  size_t layer_count;
  /// NULL, or rows as wide as all outputs; may be y itself.
  const float *residual;
  size_t residual_stride;
  float *y;
  size_t y_stride;
  sotto_precision precision;
} sotto_linear_call;

/// A stack of experts' matrices and their biases [matrices, rows] of a float format, or NULL.
typedef struct {
  sotto_matrix weight;
  const void *bias;
  sotto_weight_format bias_format;
} sotto_expert_layer;

/// A product of a mixture of experts: entry i multiplies row x_rows[i] of x by its expert's matrices into row i of y,
/// the outputs of the layers side by side. Entries are sorted by expert; those of expert e are starts[e] ..< starts[e
/// + 1]. With `y_apart`, the entries of expert e are instead stored in rows from y + e * y_apart on.
typedef struct {
  const float *x;
  size_t x_stride;
  const int32_t *x_rows;
  const int32_t *starts;
  /// All have the same number of columns and of matrices.
  const sotto_expert_layer *layers;
  size_t layer_count;
  float *y;
  size_t y_stride;
  sotto_precision precision;
  /// If set, outputs 2i and 2i + 1 of a layer are stored in its columns i and rows / 2 + i (rows must be even).
  int splits_pairs;
  size_t y_apart;
} sotto_experts_call;

/// y[t] = sum over k of weights[t * count + k] * x[entries[t * count + k]], plus residual[t] unless it is NULL.
typedef struct {
  const float *x;
  size_t x_stride;
  const int32_t *entries;
  const float *weights;
  size_t tokens, count, columns;
  const float *residual;
  size_t residual_stride;
  float *y;
  size_t y_stride;
} sotto_combine_call;

/// The workspace of products, reused between calls. One product at a time.
typedef struct sotto_workspace sotto_workspace;

/// Creates a workspace for products on `pool`; NULL if there is no memory.
sotto_workspace *sotto_workspace_create(sotto_pool *pool);
void sotto_workspace_destroy(sotto_workspace *workspace);

/// Returns 0, or -1 if there is no memory (y is unchanged then).
int sotto_linear(sotto_workspace *workspace, const sotto_linear_call *call);
/// Returns 0, or -1 if there is no memory (y is unchanged then).
int sotto_experts(sotto_workspace *workspace, const sotto_experts_call *call);
/// Sums the experts' outputs.
void sotto_combine(sotto_pool *pool, const sotto_combine_call *call);
/// Row `row` of the first matrix as floats times `scale`: an embedding. `row` must be valid.
void sotto_decode_row(const sotto_matrix *matrix, size_t row, float scale, float *out);
/// Row `row` of the first matrix of a format without minimums as blocks: for every 32 columns 32 int8 numbers and two
/// float scales, of columns 0 to 15 and of 16 to 31 (40 bytes). For backends that do not decode rare formats themselves.
void sotto_decode_row_blocks(const sotto_matrix *matrix, size_t row, void *out);

/// Integer multiplications and additions per second of the 8-bit dot product that this machine's products use, all
/// workers together, measured for about 20 ms.
double sotto_measure_int8_peak(sotto_pool *pool);
/// Bytes per second that all workers together read from `buffer` (larger than the caches), the best of a few passes.
double sotto_measure_read_bandwidth(sotto_pool *pool, const void *buffer, size_t bytes);
