// Prefill with AMX, whose instruction multiplies 16 rows by 16 tokens. Both are rounded to bfloat16: integers would
// have to be scaled block by block, and passing them from tiles to vectors takes longer than multiplying (measured:
// 25 ns for 16 rows, 16 tokens and a block, against 7 ns here and 48 ns with VNNI).
//
// The limit is 16 cycles (7 ns) for 16 rows, 16 tokens and a block of 32 columns. Four products share two tiles of rows
// and two of tokens. Decoding 16 rows of a block takes 40 to 120 cycles (measured: MXFP4 20 ns, Q4_K 30, Q8_0 40,
// Q6_K 50), so 32 rows are decoded once for all tokens of a chunk, as a panel of up to 4,096 columns (256 KB). The sums
// of 32 rows and 32 tokens stay in registers for the whole panel. The panel and the chunk's tokens stay in the L2 cache,
// from which every product needs 1 KB: about 20 cycles.
#pragma once
#include "../common/amx.h"
#include "decode_avx512.h"
#include "workspace.h"

/// 16 rows of a block, [row][column], or the block of 16 tokens, [pair of columns][token][2].
typedef struct {
  _Alignas(64) uint16_t values[SOTTO_TILE][SOTTO_BLOCK];
} sotto_amx_block;

/// The sums of 16 rows and 16 tokens, [row][token].
typedef struct {
  _Alignas(64) float values[SOTTO_TILE][SOTTO_AMX_TOKENS];
} sotto_amx_sums;

/// One worker's rows and sums.
struct sotto_amx_scratch {
  sotto_amx_block panel[2][SOTTO_AMX_PANEL];                  // [tile][block]
  sotto_amx_sums sums[SOTTO_AMX_CHUNK / SOTTO_AMX_TOKENS][2];  // [group][tile]
};

/// Adds the products of one or two tiles of rows and one or two groups of tokens to their sums, or sets them if
/// `is_first`; sums are [group][tile]. The second tile's blocks follow the first's SOTTO_AMX_PANEL later, those of the
/// second group `blocks` later.
void sotto_multiply_amx(const sotto_amx_block *rows, size_t tiles, const sotto_amx_block *tokens, size_t groups,
                        size_t blocks, int is_first, sotto_amx_sums (*sums)[2]);
/// A sotto_store_function for sums of rows.
void sotto_store_amx(const sotto_amx_sums *sums, size_t tokens, const float bias[SOTTO_TILE],
                     const sotto_place *place);
/// Packs `blocks` blocks of 1 to 16 tokens, whose numbers are at `x`; missing tokens and columns are zeros. For `order`
/// see sotto_method.
void sotto_pack_amx(const float *const x[SOTTO_AMX_TOKENS], size_t tokens, size_t columns, const uint16_t *order,
                    sotto_amx_block *out);

/// The transposed 16 x 16 matrix of 4-byte numbers.
SOTTO_INLINE_AVX512 void sotto_transpose_words(__m512i x[16]) {
  __m512i y[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 4) {
    __m512i a = _mm512_unpacklo_epi32(x[i], x[i + 1]), b = _mm512_unpackhi_epi32(x[i], x[i + 1]);
    __m512i c = _mm512_unpacklo_epi32(x[i + 2], x[i + 3]), d = _mm512_unpackhi_epi32(x[i + 2], x[i + 3]);
    y[i] = _mm512_unpacklo_epi64(a, c);
    y[i + 1] = _mm512_unpackhi_epi64(a, c);
    y[i + 2] = _mm512_unpacklo_epi64(b, d);
    y[i + 3] = _mm512_unpackhi_epi64(b, d);
  }
  // Part p of y[i + 4 * k] has column 4 * p + i of rows 4 * k ..< 4 * k + 4.
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    __m512i a = _mm512_shuffle_i32x4(y[i], y[i + 4], 0x88), b = _mm512_shuffle_i32x4(y[i], y[i + 4], 0xdd);
    __m512i c = _mm512_shuffle_i32x4(y[i + 8], y[i + 12], 0x88), d = _mm512_shuffle_i32x4(y[i + 8], y[i + 12], 0xdd);
    x[i] = _mm512_shuffle_i32x4(a, c, 0x88);
    x[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
    x[i + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
}

/// An order of columns as the indices of a permutation.
SOTTO_INLINE_AVX512 __m512i sotto_order(const uint16_t *order) {
  if (order) return _mm512_loadu_si512(order);
  const __m256i first = _mm256_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_inserti64x4(_mm512_castsi256_si512(first), _mm256_add_epi16(first, _mm256_set1_epi16(16)), 1);
}

/// 32 float numbers as bfloat16, rounded to nearest.
SOTTO_INLINE_AVX512 __m512i sotto_bfloats(__m512 first, __m512 second) {
  return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}
