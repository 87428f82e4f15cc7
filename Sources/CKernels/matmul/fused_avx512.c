// Few tokens with AVX-512: panels that are multiplied as they are decoded, in registers. Storing a panel and loading it
// again costs about a third of its decoding, which many tokens share but few do not.
//
// The additions and their order are those of a panel's product, so results do not depend on the method.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

SOTTO_INLINE_AVX512 __m512i spread(const uint8_t *p) { return _mm512_set1_epi32((int)sotto_load32(p)); }
SOTTO_INLINE_AVX512 __m512 spread_float(const uint8_t *p) { return _mm512_castsi512_ps(spread(p)); }

/// Byte `index` of every row's 4 bytes as a float.
SOTTO_INLINE_AVX512 __m512 byte_of(__m512i x, int index) {
  return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(x, (unsigned)(8 * index)), _mm512_set1_epi32(255)));
}

/// Adds the products of a block: integers that start at -128 times the token's sum, as the weights are value + 128.
SOTTO_INLINE_AVX512 void add_block(const __m512i *product, __m512 scales, __m512 minimums, const uint8_t *x,
                                   __m512 *sum, const size_t count) {
  const uint8_t *scale = x + SOTTO_BLOCK * count, *total = scale + 12 * count;
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) {
    __m512 factor = _mm512_mul_ps(scales, spread_float(scale + 4 * t));
    sum[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product[t]), factor, sum[t]);
    sum[t] = _mm512_fmadd_ps(minimums, spread_float(total + 4 * t), sum[t]);
  }
}

/// Q4_K (see decode_avx512_super.c) for `count` (a constant after inlining) tokens.
SOTTO_INLINE_AVX512 void multiply_q4_k(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                       const uint8_t *x, float (*sums)[SOTTO_TILE], const size_t count) {
  enum { STRIDE = 144, MOST = SOTTO_FUSED_TOKENS };
  const size_t step = count * SOTTO_PACK_BYTES;
  const __m512i two = _mm512_set1_epi8(48), six = _mm512_set1_epi8(63);
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  __m512 sum[MOST];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm512_loadu_ps(sums[t]);
  for (size_t b = 0; b < blocks; b += 8) {
    size_t offset = (first + b) / 8 * STRIDE;
    __m512i head[4];
    sotto_transpose(&rows, offset, head);
    __m512 d = sotto_halves_low(head[0]), dmin = sotto_halves_high(head[0]);
    dmin = _mm512_sub_ps(_mm512_setzero_ps(), dmin);
    __m512i scales[2] = {_mm512_and_si512(head[1], six),
                         _mm512_ternarylogic_epi32(two, _mm512_srli_epi16(head[1], 2), sotto_low(head[3]), 0xca)};
    __m512i minimums[2] = {_mm512_and_si512(head[2], six),
                           _mm512_ternarylogic_epi32(two, _mm512_srli_epi16(head[2], 2), sotto_high(head[3]), 0xca)};
#pragma clang loop unroll(full)
    for (int pair = 0; pair < 4; pair++) {
      // 32 bytes of every row hold the nibbles of two blocks.
      __m512i bytes[8];
      sotto_transpose(&rows, offset + 16 + 32 * (size_t)pair, bytes);
      sotto_transpose(&rows, offset + 32 + 32 * (size_t)pair, bytes + 4);
#pragma clang loop unroll(full)
      for (int high = 0; high < 2; high++, x += step) {
        __m512i product[MOST];
#pragma clang loop unroll(full)
        for (size_t t = 0; t < count; t++) product[t] = spread(x + (SOTTO_BLOCK + 4) * count + 4 * t);
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
          __m512i weights = sotto_keep(high ? _mm512_srli_epi16(bytes[i], 4) : bytes[i], 15, (char)128);
#pragma clang loop unroll(full)
          for (size_t t = 0; t < count; t++)
            product[t] = _mm512_dpbusd_epi32(product[t], weights, spread(x + 4 * i + SOTTO_BLOCK * t));
        }
        const int index = pair % 2 * 2 + high;
        add_block(product, _mm512_mul_ps(d, byte_of(scales[pair / 2], index)),
                  _mm512_mul_ps(dmin, byte_of(minimums[pair / 2], index)), x, sum, count);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) _mm512_storeu_ps(sums[t], sum[t]);
}

SOTTO_TARGET_AVX512 void sotto_fused_q4_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                 const void *pack, size_t tokens, float (*sums)[SOTTO_TILE]) {
  switch (tokens) {
    case 1: multiply_q4_k(view, row, first, blocks, pack, sums, 1); break;
    case 2: multiply_q4_k(view, row, first, blocks, pack, sums, 2); break;
    case 3: multiply_q4_k(view, row, first, blocks, pack, sums, 3); break;
    case 4: multiply_q4_k(view, row, first, blocks, pack, sums, 4); break;
    case 5: multiply_q4_k(view, row, first, blocks, pack, sums, 5); break;
    case 6: multiply_q4_k(view, row, first, blocks, pack, sums, 6); break;
    case 7: multiply_q4_k(view, row, first, blocks, pack, sums, 7); break;
    case 8: multiply_q4_k(view, row, first, blocks, pack, sums, 8); break;
    default: break;
  }
}
#endif
