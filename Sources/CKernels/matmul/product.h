// Definitions shared by the parts of a product. A weight is decoded into panels, activations are packed into groups
// of tokens, and one small function multiplies a panel by a group; a `sotto_method` is these three functions for a
// format, a precision and an instruction set.
//
// Everything is processed in blocks of 32 columns. A panel holds 16 output rows: per block, the 8 quads of four
// columns, [quad][row][4], so that one dot-product instruction multiplies a 4-byte lane of a register with one quad
// of a token. Columns beyond the matrix (float formats only) are zeros, rows beyond it repeat the last one.
#pragma once
#include "isa.h"
#include "matmul.h"

enum {
  SOTTO_BLOCK = 32,        // columns
  SOTTO_TILE = 16,         // output rows
  SOTTO_GROUP = 12,        // tokens whose sums stay in registers
  SOTTO_PANEL_BLOCKS = 16, // blocks decoded at a time: a panel that stays in the L1 cache
  // The most tokens multiplied without panels, with AVX-512 and with AVX2 or NEON; with more, panels are faster.
  SOTTO_ROW_TOKENS = 4,
  SOTTO_ROW_TOKENS_VECTORS = 8,
  // The same with AVX-512 and fast gathers, for the formats with tiles.
  SOTTO_TILE_TOKENS = 8,
  // With AMX: tokens multiplied at a time, and tokens multiplied without panels for the formats that have that.
  SOTTO_AMX_TOKENS = 16,
  SOTTO_AMX_FEW = 4 * SOTTO_AMX_TOKENS,
  // Blocks decoded at a time, blocks of a panel, its rows, and tokens of a product at most.
  SOTTO_AMX_BLOCKS = 8,
  SOTTO_AMX_PANEL = 128,
  SOTTO_AMX_ROWS = 2 * SOTTO_TILE,
  SOTTO_AMX_CHUNK = 512,
  SOTTO_AMX_CHUNK_BYTES = 1024 << 10  // of their packs: with a panel, they stay in the L2 cache
};

/// 16 rows of one block as integers: weight = scale * value + minimum. The AVX-512 methods keep value + 128 as an
/// unsigned byte, the others the value itself.
typedef struct {
  int8_t values[8][SOTTO_TILE][4];
  float scale[2][SOTTO_TILE];  // of columns 0..15 and 16..31; the second is unused if a format has one for both
  float minimum[2][SOTTO_TILE];  // formats with minimums only; the second as that of `scale`
} sotto_panel_block;

/// 16 rows of one block as floats, a column at a time.
typedef struct {
  float values[SOTTO_BLOCK][SOTTO_TILE];
} sotto_float_panel_block;

/// 16 rows of one block as bfloat16 pairs.
typedef struct {
  uint16_t values[SOTTO_BLOCK / 2][SOTTO_TILE][2];
} sotto_bfloat_panel_block;

/// The same, of which the weights are values times the scale of their row.
typedef struct {
  uint16_t values[SOTTO_BLOCK / 2][SOTTO_TILE][2];
  float scale[SOTTO_TILE];
} sotto_scaled_bfloat_panel_block;

/// One matrix as seen by decoders.
typedef struct {
  const sotto_matrix *matrix;
  const uint8_t *values, *scales, *biases;
  size_t row_bytes, scale_row_bytes, bias_row_bytes;  // row strides of the planes
  size_t rows, columns;
} sotto_view;

/// The pack of one block of a group of T tokens, one array after another (T * 48 bytes): int8 values[T][32]; float
/// scale[T]; int32 start[T] (-128 * sum of the block's values); int32 half[T] (the same for columns 0..15); float
/// sum[T] (scale * sum).
enum { SOTTO_PACK_BYTES = 48, SOTTO_FLOAT_PACK_BYTES = 128, SOTTO_BFLOAT_PACK_BYTES = 64 };
/// The size of a pack of one of a few tokens' blocks (see rows_avx512.h), and the number of kinds of packs.
enum { SOTTO_ROW_PACK_BYTES = 96, SOTTO_PACK_KINDS = 5 };

/// Stores `blocks` panel blocks of rows row ..< row + 16 from block `first` on.
typedef void sotto_decode_function(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
typedef sotto_decode_function *sotto_decode;
/// Stores token `token` of a group of `tokens` in the group's pack.
typedef void sotto_pack_function(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
typedef sotto_pack_function *sotto_pack;
/// A tile's place in the output: `y` and `residual` (or NULL) are its first row of its first token; strides are in
/// floats. With `pairs`, outputs 2i and 2i + 1 are stored in y[i] and y[pairs + i], and there is no residual.
typedef struct {
  float *y;
  const float *residual;
  size_t y_stride, residual_stride, rows, pairs;
} sotto_place;

/// y[t] = sums[t] + bias + residual[t].
typedef void sotto_store_function(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                            const sotto_place *place);
typedef sotto_store_function *sotto_store;
/// sums[t][r] += panel row r · token t over `blocks` blocks.
typedef void sotto_multiply_function(const void *panel, const void *pack, size_t blocks, size_t tokens,
                               float (*sums)[SOTTO_TILE]);
typedef sotto_multiply_function *sotto_multiply;

/// sums[t][0 ..< 4] = rows row ..< row + 4 · token t: few tokens, without panels. Also prefetches the bytes `ahead`
/// of what it reads.
typedef void sotto_multiply_rows_function(const sotto_view *view, size_t row, const void *pack, size_t tokens,
                                    ptrdiff_t ahead, float (*sums)[SOTTO_TILE]);
typedef sotto_multiply_rows_function *sotto_multiply_rows;

/// What a tile prefetches with every block: `step` bytes more, from `first` on.
typedef struct {
  const uint8_t *first;
  size_t step;
} sotto_ahead;

/// sums[t][0 ..< 16] = rows row ..< row + 16 · token t: a whole tile and few tokens, packed as for panels, or as
/// `packs_tokens` says.
typedef void sotto_multiply_tile_function(const sotto_view *view, size_t row, const void *pack, size_t tokens,
                                          sotto_ahead ahead, float (*sums)[SOTTO_TILE]);
typedef sotto_multiply_tile_function *sotto_multiply_tile;

typedef struct {
  size_t panel_block_bytes, pack_bytes;  // of a block; of a block and token
  sotto_decode decode;       // for whole tiles (see sotto_is_whole_tile)
  sotto_decode decode_edge;  // any tile
  sotto_pack pack;
  sotto_multiply multiply;
  sotto_store store;
  sotto_multiply_rows rows;  // instead of decode and multiply, or NULL
  sotto_multiply_tile tile;  // instead of decode and multiply for whole tiles, or NULL
  int packs_tokens;          // `pack` takes a whole token instead of a part of a panel's length
  int uses_amx;              // only `decode` and `store` are used, and packs are as in amx.h
  const uint16_t *order;     // of a block's columns in packs and rows for AMX; NULL: as they are
} sotto_method;

/// How the formats with integer panels differ for the multiplication.
typedef enum {
  SOTTO_PLAIN,
  SOTTO_HALVES,         // a scale for 16 columns
  SOTTO_MINIMUMS,
  SOTTO_POWERS,         // scales are powers of two
  SOTTO_HALF_MINIMUMS,  // a scale and a minimum for 16 columns
  SOTTO_PANEL_KINDS,
  SOTTO_FLOATS          // no integers: multiplied as floats
} sotto_panel_kind;

SOTTO_INLINE int sotto_has_halves(sotto_panel_kind kind) {
  return kind == SOTTO_HALVES || kind == SOTTO_HALF_MINIMUMS;
}
SOTTO_INLINE int sotto_has_minimums(sotto_panel_kind kind) {
  return kind == SOTTO_MINIMUMS || kind == SOTTO_HALF_MINIMUMS;
}

typedef struct {
  size_t columns, bytes;  // of a block in the value plane
  sotto_panel_kind kind;  // meaningless for the float formats
} sotto_format_traits;
/// For the affine formats, a block is 32 columns for every group size.
extern const sotto_format_traits sotto_formats[SOTTO_WEIGHT_FORMATS];

SOTTO_INLINE int sotto_is_affine(sotto_weight_format format) { return format >= SOTTO_AFFINE1; }
/// The bits of a value of an affine format.
SOTTO_INLINE int sotto_affine_bits(sotto_weight_format format) { return (int)(sotto_formats[format].bytes / 4); }

/// Whether a fast decoder can decode the tile at `row`: 16 rows of at least 4 bytes in every plane.
int sotto_is_whole_tile(const sotto_view *view, size_t row);
sotto_view sotto_matrix_view(const sotto_matrix *matrix, size_t index);
/// The method for multiplying `tokens` tokens. Those for tokens of prompts are the same for any number.
sotto_method sotto_method_for(const sotto_matrix *matrix, sotto_precision precision, sotto_isa_level level,
                              size_t tokens);

/// Whether a format has functions for few tokens with AMX.
int sotto_has_few_amx(sotto_weight_format format);

void sotto_decode_portable(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_floats_portable(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);

SOTTO_INLINE float sotto_float_from_bits(uint32_t bits) {
  union {
    uint32_t bits;
    float value;
  } word = {bits};
  return word.value;
}

SOTTO_INLINE uint32_t sotto_bits_from_float(float value) {
  union {
    float value;
    uint32_t bits;
  } word = {value};
  return word.bits;
}

SOTTO_INLINE float sotto_float_from_bfloat(uint16_t bits) { return sotto_float_from_bits((uint32_t)bits << 16); }

/// float16 to float32, exactly, subnormals and infinities included.
SOTTO_INLINE float sotto_float_from_half(uint16_t half) {
  uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  float value = sotto_float_from_bits(magnitude) * 0x1p112f;  // moves the exponent's offset from 15 to 127
  if ((half & 0x7c00) == 0x7c00) value = sotto_float_from_bits(magnitude | 0x7f800000);
  return sotto_float_from_bits(sotto_bits_from_float(value) | sign);
}

/// Half of an E8M0 scale (the values 0, 0.5, 1, 1.5 ... are stored doubled), clamped to 2^±60 so that products of
/// scales stay normal numbers; no trained weight comes near.
SOTTO_INLINE float sotto_half_of_e8m0(uint8_t exponent) {
  int doubled = (int)exponent - 1;
  if (doubled < 127 - 60) doubled = 127 - 60;
  if (doubled > 127 + 60) doubled = 127 + 60;
  return sotto_float_from_bits((uint32_t)doubled << 23);
}

/// E8M0: 2^(x - 127); 255 is not a number.
SOTTO_INLINE float sotto_float_from_e8m0(uint8_t x) {
  return sotto_float_from_bits(x == 0 ? 0x00400000 : x == 255 ? 0x7fc00000 : (uint32_t)x << 23);
}

/// E4M3 without infinities: sign, 4 bits of exponent, 3 of fraction; a magnitude of 127 is not a number.
SOTTO_INLINE float sotto_float_from_e4m3(uint8_t x) {
  uint32_t magnitude = x & 127, sign = (uint32_t)(x & 128) << 24;
  float value = sotto_float_from_bits(magnitude << 20) * 0x1p120f;  // moves the exponent's offset from 7 to 127
  if (magnitude == 127) value = sotto_float_from_bits(0x7fc00000);
  return sotto_float_from_bits(sotto_bits_from_float(value) | sign);
}

/// Half of the unsigned E4M3 scales of GGUF's NVFP4, in which 127 is zero and the highest bit is ignored.
SOTTO_INLINE float sotto_half_of_ue4m3(uint8_t x) {
  return x == 127 ? 0 : sotto_float_from_bits((uint32_t)(x & 127) << 20) * 0x1p119f;
}

SOTTO_INLINE uint16_t sotto_load16(const void *p) {
  uint16_t value;
  __builtin_memcpy(&value, p, 2);
  return value;
}

SOTTO_INLINE uint32_t sotto_load32(const void *p) {
  uint32_t value;
  __builtin_memcpy(&value, p, 4);
  return value;
}

/// Number `index` of a plane of float32, float16 or bfloat16.
SOTTO_INLINE float sotto_float_at(const void *plane, sotto_weight_format format, size_t index) {
  if (format == SOTTO_FLOAT32) return sotto_float_from_bits(sotto_load32((const uint8_t *)plane + 4 * index));
  uint16_t bits = sotto_load16((const uint8_t *)plane + 2 * index);
  return format == SOTTO_FLOAT16 ? sotto_float_from_half(bits) : sotto_float_from_bfloat(bits);
}
