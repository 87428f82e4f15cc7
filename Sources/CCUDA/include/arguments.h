// The arguments of the kernels, for the host and for the device. Each kernel has one structure.
//
// Numbers are float32 unless noted; strides are in numbers. Addresses are those of the device.
#pragma once
#include <stdint.h>

#ifdef __CUDACC__
#define SOTTO_AT(type) type *
#else
#define SOTTO_AT(type) uint64_t
#endif

/// Rows of numbers.
typedef struct {
  SOTTO_AT(const float) data;
  int64_t stride;
} sotto_cuda_rows;

/// Formats of matrices: those of CKernels' `sotto_weight_format` with the same numbers, and those that only a device has.
typedef enum {
  SOTTO_CUDA_F32 = 0,
  SOTTO_CUDA_F16,
  SOTTO_CUDA_BF16,
  SOTTO_CUDA_Q4_0,
  SOTTO_CUDA_Q4_1,
  SOTTO_CUDA_Q5_0,
  SOTTO_CUDA_Q5_1,
  SOTTO_CUDA_Q8_0,
  SOTTO_CUDA_Q4_K,
  SOTTO_CUDA_Q5_K,
  SOTTO_CUDA_Q6_K,
  SOTTO_CUDA_MXFP4,
  SOTTO_CUDA_MXFP4_PLANAR,
  SOTTO_CUDA_Q2_K,
  SOTTO_CUDA_Q3_K,
  SOTTO_CUDA_IQ4_NL,
  SOTTO_CUDA_IQ4_XS,
  // 17 to 26 are decoded by the host into SOTTO_CUDA_BLOCKS.
  SOTTO_CUDA_NVFP4 = 27,
  SOTTO_CUDA_NVFP4_PLANAR,
  SOTTO_CUDA_FLOAT8,
  SOTTO_CUDA_AFFINE1,
  SOTTO_CUDA_AFFINE2,
  SOTTO_CUDA_AFFINE3,
  SOTTO_CUDA_AFFINE4,
  SOTTO_CUDA_AFFINE5,
  SOTTO_CUDA_AFFINE6,
  SOTTO_CUDA_AFFINE8,
  /// A type of scales only.
  SOTTO_CUDA_E8M0 = 38,
  /// 32 int8 numbers and two float32 scales, of columns 0 to 15 and of 16 to 31: 40 bytes.
  SOTTO_CUDA_BLOCKS = 64,
  /// Q8_0 in planes: int8 numbers, and a float16 scale for 32 columns.
  SOTTO_CUDA_BYTES,
  /// MXFP4 in planes: nibbles in the order of the columns from the low ones up, and E8M0 scales.
  SOTTO_CUDA_FOURS,
  /// Q6_K in planes: low nibbles and upper bits (192 bytes for 256 columns), and 16 scales with their float16 factor (18).
  SOTTO_CUDA_SIXES,
  /// Q4_K in planes: for 32 columns 16 bytes, of which byte k has columns k (the low nibble) and 16 + k; for 32 columns a byte
  /// with the scale and one with the minimum; float16 factors of the scales and of the minimums for 256 columns.
  SOTTO_CUDA_SUPERFOURS,
} sotto_cuda_format;

/// `matrices` matrices [rows, columns], contiguous in each plane.
typedef struct {
  int32_t format, scale_type, group, has_zero_points;
  int64_t rows, columns, matrices;
  SOTTO_AT(const uint8_t) values;
  SOTTO_AT(const uint8_t) scales;
  SOTTO_AT(const uint8_t) biases;
  /// Bytes of a row in each plane.
  int64_t value_bytes, scale_bytes, bias_bytes;
} sotto_cuda_matrix;

/// A weight, its bias (or NULL), and the first column of its outputs.
typedef struct {
  sotto_cuda_matrix weight;
  SOTTO_AT(const float) bias;
  int64_t first;
} sotto_cuda_layer;

enum { SOTTO_CUDA_MOST_LAYERS = 6, SOTTO_CUDA_MOST_SEQUENCES = 32 };

typedef enum {
  SOTTO_CUDA_SOFTMAX_OVER_CHOSEN,
  SOTTO_CUDA_SOFTMAX,
  SOTTO_CUDA_SIGMOID_SCORES,
  SOTTO_CUDA_SPARSE_MIXER
} sotto_cuda_scoring;

/// Selects the experts of each row; see routing.h of CKernels.
typedef struct {
  sotto_cuda_rows logits;
  SOTTO_AT(const float) correction;
  SOTTO_AT(const float) factors;
  SOTTO_AT(int32_t) chosen;  // [rows][count]
  SOTTO_AT(float) weights;   // [rows][count]
  int32_t rows, experts, count, groups, kept_groups, best_of_group, scoring, normalises;
  float scale, jitter;
} sotto_cuda_routing;

/// Which matrix of a stack multiplies which rows.
typedef enum {
  /// The only one multiplies all rows.
  SOTTO_CUDA_ONE_MATRIX,
  /// Entry e is row e / rows_per_entry of x, times the matrix experts[e], into row e of y.
  SOTTO_CUDA_ENTRIES,
  /// Entries sorted by matrix: those of matrix m are order[starts[m]] ..< order[starts[m + 1]]. Place p of the order
  /// multiplies row order[p] / rows_per_entry of x, or row p if rows_per_entry is 0, into row p of y.
  SOTTO_CUDA_SORTED,
  /// Matrix m multiplies all rows from x + m * x_apart on, into y + m * y_apart.
  SOTTO_CUDA_APART,
} sotto_cuda_selection;

/// y = [layers' outputs side by side] + residual.
typedef struct {
  sotto_cuda_rows x, residual;  // residual.data may be NULL
  SOTTO_AT(float) y;
  int64_t y_stride, outputs;
  int32_t tokens, layer_count;  // tokens: rows or entries
  int32_t selection, rows_per_entry;
  /// If set, outputs 2i and 2i + 1 are stored in columns i and outputs / 2 + i.
  int32_t splits_pairs, matrices;
  /// Outputs that a warp computes one after another (products of a few rows).
  int32_t outputs_per_warp;
  /// Whether the rows of x are normalised first: x / sqrt(mean(x^2) + epsilon) * (norm_weight + offset); the weight may be
  /// NULL (products of a few rows).
  int32_t normalises;
  float epsilon, offset;
  /// Factors: on normalised rows; on the outputs before the residual, and on the gates before their activation (both in
  /// products of one row only).
  float norm_factor, factor, gate_factor, unused_factor;
  SOTTO_AT(const float) norm_weight;
  SOTTO_AT(const int32_t) experts;
  SOTTO_AT(const int32_t) order;
  SOTTO_AT(const int32_t) starts;
  int64_t x_apart, y_apart;
  /// The rows of x as float16, for products of many rows (see sotto_cuda_halves and sotto_cuda_permuted); or NULL.
  SOTTO_AT(const uint8_t) halves;
  /// The ring of streamed products: stages of `stage_rows` rows of weights, the places of the planes of scales and biases in
  /// a stage, and the bytes of the inputs before it. `most_rows`: of a pass
  /// over the matrix, of an expert, or of a tile of linear_groups.cu.
  int32_t stages, stage_rows, stage_bytes, scales_at, biases_at, input_bytes, most_rows;
  /// Products of one row only, whose outputs are as many as those of the layers, unless: with `gates`, output i is
  /// activation(output i of the first layer, or 2i with splits_pairs) * (output i of the second layer, or 2i + 1), with the
  /// activation's parameters.
  int32_t gates, activation;
  float alpha, limit;
  /// Whether a product with gates may read x before the kernel ahead of it has ended, because that has only read it.
  int32_t inputs_are_early;
  /// linear_panels.cu only: into how many parts the columns are divided; `stage_rows` are the outputs of a tile.
  int32_t column_parts;
  /// The weights of the experts, whose outputs are added up: entry e multiplies row e of x. NULL if they are chosen here.
  SOTTO_AT(const float) sum_weights;
  /// How a product chooses its experts; `logits` is NULL if they are in `experts`. A sum reads the logits before the kernel
  /// ahead of it has ended, which must be the product of the same choice.
  sotto_cuda_routing routing;
  sotto_cuda_layer layers[SOTTO_CUDA_MOST_LAYERS];
} sotto_cuda_linear;

/// Rows as float16 without gaps. Columns k and k + order of eight (or of four, if order is 2) are neighbours.
typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(uint8_t) y;
  int32_t rows, columns, order, unused;
} sotto_cuda_halves;

/// Rows of inputs for linear_groups.cu, in the order of the products' places: [half steps of 64 columns][places][64] float16.
/// Columns have the order of sotto_cuda_halves and of the lanes that multiply them.
typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(uint8_t) y;
  /// Of sorted entries (see sotto_cuda_selection), and the experts of the entries; NULL if places are rows.
  SOTTO_AT(const int32_t) order;
  SOTTO_AT(const int32_t) experts;
  SOTTO_AT(const int32_t) starts;
  int32_t places, columns, order_of_columns, rows_per_entry;
} sotto_cuda_permuted;

/// Rows of inputs for linear_panels.cu: panels of 256 columns with `panel_rows` rows each, as float16 in the order of
/// sotto_cuda_halves, or as bfloat16 if `order` is 0. Normalised rows are also stored in y.
typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(float) y;  // without gaps
  SOTTO_AT(uint8_t) panels;
  SOTTO_AT(const float) norm_weight;  // or NULL
  int32_t panel_rows, columns, order, normalises;
  float epsilon, offset, factor;
  int32_t unused;
} sotto_cuda_panels;

/// Rows of a table for tokens, times scale; zeros for -1.
typedef struct {
  sotto_cuda_matrix table;
  SOTTO_AT(const int32_t) tokens;  // NULL if they are in `few`
  SOTTO_AT(float) y;
  float scale;
  int32_t count;
  int32_t few[64];
} sotto_cuda_embedding;

/// Copies ids, which are in `few` without `from`, and sets the advance, if there is an address for it.
typedef struct {
  SOTTO_AT(const int32_t) from;
  SOTTO_AT(int32_t) to;  // may be memory of the host
  SOTTO_AT(int32_t) advance_to;
  int32_t count, advance;
  int32_t few[64];
} sotto_cuda_ids;

/// Changes the layout of blocks: SOTTO_CUDA_Q8_0 into BYTES, MXFP4 into FOURS, Q6_K into SIXES, Q4_K into SUPERFOURS, Q4_0 and Q4_1 into AFFINE4
/// with groups of 32 and float16 scales. Scales of FOURS are limited to 2^-60 to 2^60; those of MXFP4_PLANAR in place.
typedef struct {
  int32_t format, unused;
  int64_t blocks;
  SOTTO_AT(const uint8_t) from;
  SOTTO_AT(uint8_t) values;
  SOTTO_AT(uint8_t) scales;
  SOTTO_AT(uint8_t) biases;
} sotto_cuda_repacking;

/// Activations; see Compute.
typedef enum {
  SOTTO_CUDA_SILU,
  SOTTO_CUDA_GELU_TANH,
  SOTTO_CUDA_GELU,
  SOTTO_CUDA_RELU,
  SOTTO_CUDA_RELU_SQUARED,
  SOTTO_CUDA_SIGMOID,
  SOTTO_CUDA_TANH,
  SOTTO_CUDA_IDENTITY,
  SOTTO_CUDA_CLAMPED_SWIGLU,
  SOTTO_CUDA_XIELU,
} sotto_cuda_activation;

typedef enum {
  /// activation(a)
  SOTTO_CUDA_ACTIVATE,
  /// activation(a) * b, with one a for `group` columns of b
  SOTTO_CUDA_GATE,
  /// a + scale * b
  SOTTO_CUDA_ADD,
  /// a * scale, then limit * tanh(y / limit) if limit > 0
  SOTTO_CUDA_SCALE,
  /// a followed by b; `split` columns are of a
  SOTTO_CUDA_JOIN,
  /// rows of a at `indices`
  SOTTO_CUDA_GATHER,
} sotto_cuda_elementwise_operation;

typedef struct {
  sotto_cuda_rows a, b;
  SOTTO_AT(float) y;
  int64_t y_stride;
  SOTTO_AT(const int32_t) indices;
  int32_t operation, activation, rows, columns, group, split;
  float scale, limit, positive, negative;
} sotto_cuda_elementwise;

typedef enum { SOTTO_CUDA_RMS, SOTTO_CUDA_GATE_FIRST, SOTTO_CUDA_GATE_LAST, SOTTO_CUDA_LAYER_NORM } sotto_cuda_norm_kind;

/// Normalisation of each group of `group` columns. The weight has `group` numbers, or `columns` if per_column.
typedef struct {
  sotto_cuda_rows x, gate;
  SOTTO_AT(const float) weight;
  SOTTO_AT(const float) bias;
  SOTTO_AT(float) y;
  int32_t kind, rows, columns, group, per_column;
  float epsilon, offset;
  float factor;  // on the result before the bias
} sotto_cuda_normalization;

/// Cosines and sines of positions: [rows][2][count].
typedef struct {
  SOTTO_AT(const int32_t) positions;  // NULL if they are in `few`
  SOTTO_AT(const float) frequencies;
  SOTTO_AT(float) angles;
  SOTTO_AT(const int32_t) advance;  // added to the positions; or NULL
  int32_t rows, count;
  float amplitude;
  int32_t few[64];
} sotto_cuda_angles;

typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(const float) angles;
  SOTTO_AT(float) y;
  int32_t rows, heads, head_size, first, count, interleaved;
} sotto_cuda_rotary;

/// A sequence of a call: `rows` rows from `row` on. For attention, `memory` is the table of the pages' addresses,
/// `origin` the first position held and `length` the positions including the rows. For recurrences, `memory` is the
/// state, and `length` the positions before the rows.
typedef struct {
  uint64_t memory;
  int32_t origin, length, row, rows;
} sotto_cuda_sequence;

/// The number of positions that every sequence of a repeated step has advanced since the step was recorded; or NULL.
#define SOTTO_CUDA_ADVANCE SOTTO_AT(const int32_t) advance

/// The layout of a page; see attention.h of CKernels, which has the same.
typedef struct {
  int32_t heads, head_size, value_size, format, shares_values;
} sotto_cuda_layout;

typedef struct {
  sotto_cuda_layout layout;
  int32_t sequence_count;
  sotto_cuda_rows key, value;
  SOTTO_CUDA_ADVANCE;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_cache_write;

/// Rotates queries into y, and keys on their way to the cache, which also stores the values.
typedef struct {
  sotto_cuda_layout layout;
  int32_t heads, first, count, interleaved, sequence_count;
  sotto_cuda_rows query, key, value;
  SOTTO_AT(const float) angles;
  SOTTO_AT(float) y;
  SOTTO_CUDA_ADVANCE;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_rotated_write;

typedef struct {
  sotto_cuda_layout layout;
  int32_t heads, window, rows, splits, split_pages, head_tiles, sequence_count;
  float scale, softcap;
  sotto_cuda_rows query;
  SOTTO_AT(float) y;  // [rows][heads * value_size]
  SOTTO_AT(const float) sinks;
  /// [rows][heads][splits][value_size + 2]: weighted values, total, largest score. NULL if splits is 1.
  SOTTO_AT(float) partials;
  /// attention_step.cu only: the new keys and values, not stored yet (or NULL); the angles that queries and keys are rotated
  /// by (or NULL), as in sotto_cuda_rotary; [rows][key-value heads] zeros, which are zeros again afterwards.
  sotto_cuda_rows key, value;
  SOTTO_AT(const float) angles;
  SOTTO_AT(uint32_t) counters;
  /// attention_step.cu only: whether the heads of queries and keys are normalised before; the weights, or NULL.
  SOTTO_AT(const float) query_weight;
  SOTTO_AT(const float) key_weight;
  float epsilon, offset;
  int32_t first, count, interleaved, normalises;
  SOTTO_CUDA_ADVANCE;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_attention;

typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(float) y;
  sotto_cuda_matrix weight;  // [channels, taps]
  SOTTO_AT(const float) bias;
  int32_t channels, taps, silu, sequence_count;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_convolution;

/// Mamba-2; see state_space.h of CKernels.
typedef struct {
  sotto_cuda_rows x, b, c, steps;
  SOTTO_AT(float) y;
  SOTTO_AT(const float) log_rate;
  SOTTO_AT(const float) step_bias;
  SOTTO_AT(const float) skip;
  int32_t heads, head_size, groups, state_size, sequence_count;
  float least_step, most_step;
  /// Long sequences in chunks of `chunk_rows` rows: [sequences][chunks][heads][state_size][head_size], first each chunk's
  /// state from zeros, then the state that it begins with; and [sequences][chunks][heads] logarithms (base 2) of the decay
  /// over a chunk. NULL if a sequence has one chunk.
  SOTTO_AT(float) chunk_states;
  SOTTO_AT(float) chunk_decays;
  int32_t chunks, chunk_rows;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_state_space;

/// What is between the projections of a Mamba-2 mixer, for one row of each sequence: the convolution, the scan and the gate.
typedef struct {
  /// The convolution's channels: the heads' inputs, b and c.
  sotto_cuda_rows x;
  sotto_cuda_rows gate;  // data may be NULL
  sotto_cuda_rows steps;
  SOTTO_AT(float) y;  // [rows][heads * head_size]
  sotto_cuda_matrix weight;  // [channels, taps]
  SOTTO_AT(const float) bias;
  SOTTO_AT(const float) log_rate;
  SOTTO_AT(const float) step_bias;
  SOTTO_AT(const float) skip;
  /// [sequences][groups] zeros, which are zeros again afterwards.
  SOTTO_AT(uint32_t) counters;
  int32_t heads, head_size, groups, state_size, taps, sequence_count;
  float least_step, most_step, step_factor, gate_factor;
  SOTTO_CUDA_ADVANCE;
  /// What the convolution remembers of each sequence, [taps - 1][channels]; `memory` of a sequence is the state.
  uint64_t convolutions[SOTTO_CUDA_MOST_SEQUENCES];
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_mixer_step;

/// Mamba; see selective_scan.h of CKernels.
typedef struct {
  sotto_cuda_rows x, b, c, steps;
  SOTTO_AT(float) y;
  sotto_cuda_matrix rate;  // [channels, state_size]
  SOTTO_AT(const float) skip;
  int32_t channels, state_size, sequence_count;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_selective_scan;

/// The gated delta rule; see gated_delta.h of CKernels.
typedef struct {
  sotto_cuda_rows query, key, value, decay, write;
  SOTTO_AT(float) y;
  SOTTO_AT(const float) log_decay;
  SOTTO_AT(const float) bias;
  int32_t key_heads, value_heads, key_size, value_size, tiled, per_channel, sequence_count;
  float lower_bound, write_scale, epsilon;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_gated_delta;

/// RG-LRU; see rg_lru.h of CKernels. `gates` is scratch: [rows][2][heads * block].
typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(float) y;
  SOTTO_AT(float) gates;
  SOTTO_AT(const float) input_weight;
  SOTTO_AT(const float) gate_weight;
  SOTTO_AT(const float) input_bias;
  SOTTO_AT(const float) gate_bias;
  SOTTO_AT(const float) rate;
  int32_t heads, block, rows, sequence_count;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_rg_lru;

/// RWKV's token shift; see rwkv.h of CKernels.
typedef struct {
  sotto_cuda_rows x;
  SOTTO_AT(float) y;
  SOTTO_AT(const float) mixes[8];
  int32_t columns, count, sequence_count;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_token_shift;

/// RWKV-7; see rwkv.h of CKernels.
typedef struct {
  sotto_cuda_rows receptance, decay, key, value, rate;
  SOTTO_AT(float) y;
  SOTTO_AT(const float) erase;
  SOTTO_AT(const float) blend;
  SOTTO_AT(const float) bonus;
  SOTTO_AT(const float) norm_weight;
  SOTTO_AT(const float) norm_bias;
  int32_t heads, size, sequence_count;
  float epsilon;
  sotto_cuda_sequence sequences[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_rwkv;

/// Sorts entries by expert, in their order: starts [experts + 1], order [entries], places [entries].
typedef struct {
  SOTTO_AT(const int32_t) chosen;
  SOTTO_AT(int32_t) starts;
  SOTTO_AT(int32_t) order;
  SOTTO_AT(int32_t) places;
  int32_t entries, experts;
} sotto_cuda_sorting;

/// y[t] = sum over k of weights[t][k] * x[places[t][k]] (or x[t * count + k] without places), plus residual[t].
typedef struct {
  sotto_cuda_rows x, residual;
  SOTTO_AT(const int32_t) places;
  SOTTO_AT(const float) weights;
  SOTTO_AT(float) y;
  int32_t tokens, count, columns;
} sotto_cuda_combination;

/// A change of one logit, of row `row`; see sampling.h of CKernels.
typedef struct {
  int32_t row, token;
  float bias, repetition, penalty;
} sotto_cuda_adjustment;

typedef struct {
  float temperature, top_p, min_p;
  int32_t top_k;
  double uniform;
} sotto_cuda_sampling_row;

/// Samples a token from each row.
typedef struct {
  sotto_cuda_rows logits;
  SOTTO_AT(float) adjusted;  // a copy of the rows, to be adjusted
  SOTTO_AT(const sotto_cuda_adjustment) adjustments;
  SOTTO_AT(float) chunks;    // [rows][chunk_count][2]: the largest logit and its index
  SOTTO_AT(int32_t) ids;
  int32_t rows, count, chunk_count, adjustment_count, first_row;
  sotto_cuda_sampling_row settings[SOTTO_CUDA_MOST_SEQUENCES];
} sotto_cuda_sampling;
