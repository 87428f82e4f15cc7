// Few tokens with AVX-512 where gathers are fast: a tile of 16 rows is decoded in registers, a block at a time, and
// multiplied there by all tokens. No panel is stored, and unlike with four rows (rows_avx512.h) a token costs one
// addition per block and no transposition. Scales are gathered: one instruction for 16 rows.
//
// The cost are the two ports for vectors of 64 bytes. A block of MXFP4 takes about 40 instructions there and 11 for
// each token. Measured on Emerald Rapids for 16 rows of a block from the L2 cache, in ns, and with four rows at a time
// (more than 4 tokens: with panels):
//
//     tokens                1           2           3           4           6           8
//     MXFP4       11.2 (16.7) 14.2 (24.5) 16.8 (32.8) 20.8 (42.3) 25.4 (30.5) 28.5 (35.9)
//     Q8_0        14.7 (18.7) 17.9 (25.5) 19.8 (31.1) 23.5 (38.4) 28.7 (32.5) 33.6 (38.3)
//
// One core reads the bytes of these from memory in about 14 and 27 ns.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

/// The 16 rows of a tile.
typedef struct {
  sotto_tile_rows values, scales;
  __m512i value_offsets, scale_offsets;  // of the rows, for gathers
} tile;

/// One block of 16 rows: value + 128, [quad][row][4] as in a panel, and the rows' scales.
typedef struct {
  __m512i values[8];
  __m512 scale;
} tile_block;

/// Decodes block `block`; `words` is kept from one block to the next.
typedef void (*take_function)(const tile *rows, size_t block, __m512i *words, tile_block *out);

SOTTO_INLINE_AVX512 __m512i offsets_of_rows(size_t stride) {
  const __m512i rows = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_mullo_epi32(rows, _mm512_set1_epi32((int)stride));
}

/// 4 bytes of every row.
SOTTO_INLINE_AVX512 __m512i gather(const uint8_t *p, __m512i offsets) { return _mm512_i32gather_epi32(offsets, p, 1); }

/// See sotto_halves_of_e8m0. The limits are those of the exponents before 1 is subtracted; those of the upper bytes
/// are zero.
SOTTO_INLINE_AVX512 __m512 halves_of_e8m0(__m512i x) {
  x = _mm512_min_epu8(_mm512_max_epu8(x, _mm512_set1_epi32(128 - 60)), _mm512_set1_epi32(128 + 60));
  return _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_slli_epi32(x, 23), _mm512_set1_epi32(1 << 23)));
}

SOTTO_INLINE_AVX512 void take_mxfp4(const tile *rows, size_t block, __m512i *words, tile_block *out) {
  (void)words;
  __m512i bytes[4];
  out->scale = halves_of_e8m0(gather(rows->values.first + 17 * block, rows->value_offsets));
  sotto_transpose(&rows->values, 17 * block + 1, bytes);
  // The index of a permutation has six bits. The table repeats after four, so the upper ones need not be cleared.
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    out->values[i] = _mm512_permutexvar_epi8(bytes[i], sotto_doubled_e2m1());
    out->values[4 + i] = _mm512_permutexvar_epi8(_mm512_srli_epi16(bytes[i], 4), sotto_doubled_e2m1());
  }
}

SOTTO_INLINE_AVX512 void take_planar(const tile *rows, size_t block, __m512i *words, tile_block *out) {
  // A gather gives the scales of four blocks. Nothing beyond a row is read.
  if (block % 4 == 0) {
    size_t last = rows->scales.stride - 4, start = block < last ? block : last;
    *words = _mm512_srl_epi32(gather(rows->scales.first + start, rows->scale_offsets),
                              _mm_cvtsi64_si128((long long)(8 * (block - start))));
  }
  out->scale = halves_of_e8m0(*words);
  *words = _mm512_srli_epi32(*words, 8);
  __m512i bytes[4];
  sotto_transpose(&rows->values, 16 * block, bytes);
#pragma clang loop unroll(full)
  for (int quad = 0; quad < 8; quad++)
    out->values[quad] =
        _mm512_permutexvar_epi8(sotto_spread_bits(bytes[quad / 2], quad % 2 * 16, 4), sotto_doubled_e2m1());
}

SOTTO_INLINE_AVX512 void take_q8_0(const tile *rows, size_t block, __m512i *words, tile_block *out) {
  (void)words;
  out->scale = sotto_halves_low(gather(rows->values.first + 34 * block, rows->value_offsets));
  sotto_transpose(&rows->values, 34 * block + 2, out->values);
  sotto_transpose(&rows->values, 34 * block + 18, out->values + 4);
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) out->values[i] = _mm512_xor_si512(out->values[i], _mm512_set1_epi8((char)128));
}

SOTTO_INLINE_AVX512 __m512i spread(const uint8_t *p) { return _mm512_set1_epi32((int)sotto_load32(p)); }

/// Adds the products of `count` tokens, packed at `x`: the same operations in the same order as with panels.
SOTTO_INLINE_AVX512 void add_block(const tile_block *block, const uint8_t *x, __m512 *sum, const size_t count,
                                   const sotto_panel_kind kind) {
  const uint8_t *scale = x + SOTTO_BLOCK * count, *start = scale + 4 * count;
  __m512i exponents = _mm512_sub_epi32(_mm512_castps_si512(block->scale), _mm512_set1_epi32(0x3f800000));
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) {
    __m512i product = spread(start + 4 * t);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < 8; q++)
      product = _mm512_dpbusd_epi32(product, block->values[q], spread(x + SOTTO_BLOCK * t + 4 * q));
    __m512i token = spread(scale + 4 * t);
    __m512 scales = kind == SOTTO_POWERS ? _mm512_castsi512_ps(_mm512_add_epi32(exponents, token))
                                         : _mm512_mul_ps(block->scale, _mm512_castsi512_ps(token));
    sum[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product), scales, sum[t]);
  }
}

/// The tile of `count` (a constant after inlining) tokens.
SOTTO_INLINE_AVX512 void multiply_tile(const sotto_view *view, size_t row, const uint8_t *x, sotto_ahead ahead,
                                       float (*sums)[SOTTO_TILE], const size_t count, const take_function take,
                                       const sotto_panel_kind kind) {
  const tile rows = {.values = {view->values + row * view->row_bytes, view->row_bytes},
                     .scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes},
                     .value_offsets = offsets_of_rows(view->row_bytes),
                     .scale_offsets = offsets_of_rows(view->scale_row_bytes)};
  const uint8_t *next = ahead.first;
  __m512i words = _mm512_setzero_si512();
  __m512 sum[SOTTO_TILE_TOKENS];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm512_setzero_ps();
  for (size_t b = 0; b < view->columns / SOTTO_BLOCK; b++, x += count * SOTTO_PACK_BYTES) {
    for (ahead.first += ahead.step; next < ahead.first; next += 64) __builtin_prefetch(next, 0, 2);
    tile_block block;
    take(&rows, b, &words, &block);
    add_block(&block, x, sum, count, kind);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) _mm512_storeu_ps(sums[t], sum[t]);
}

/// A sotto_multiply_tile.
#define TILE(name, take, kind)                                                                                     \
  SOTTO_TARGET_AVX512 void name(const sotto_view *view, size_t row, const void *pack, size_t tokens,               \
                                sotto_ahead ahead, float (*sums)[SOTTO_TILE]) {                                    \
    switch (tokens) {                                                                                              \
      case 1: multiply_tile(view, row, pack, ahead, sums, 1, take, kind); break;                                   \
      case 2: multiply_tile(view, row, pack, ahead, sums, 2, take, kind); break;                                   \
      case 3: multiply_tile(view, row, pack, ahead, sums, 3, take, kind); break;                                   \
      case 4: multiply_tile(view, row, pack, ahead, sums, 4, take, kind); break;                                   \
      case 5: multiply_tile(view, row, pack, ahead, sums, 5, take, kind); break;                                   \
      case 6: multiply_tile(view, row, pack, ahead, sums, 6, take, kind); break;                                   \
      case 7: multiply_tile(view, row, pack, ahead, sums, 7, take, kind); break;                                   \
      case 8: multiply_tile(view, row, pack, ahead, sums, 8, take, kind); break;                                   \
      default: break;                                                                                              \
    }                                                                                                              \
  }

TILE(sotto_tile_mxfp4_avx512, take_mxfp4, SOTTO_POWERS)
TILE(sotto_tile_mxfp4_planar_avx512, take_planar, SOTTO_POWERS)
TILE(sotto_tile_q8_0_avx512, take_q8_0, SOTTO_PLAIN)
#endif
