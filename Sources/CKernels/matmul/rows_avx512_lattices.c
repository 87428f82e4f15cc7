// GGUF's formats below three bits a weight with AVX-512, by rows. Panels of many tokens are made of the same steps, so
// results are the same.
//
// A step of a row (128 columns) has 16 lattice points of eight columns, or 32 of four. Tables of at most 512 points are
// looked up in registers, 32 points at a time: 4 to 8 permutations and as many blends. Larger ones are gathered, at
// about a cycle for each point. With some 25 more instructions to expand the points and to set the signs, a step takes
// 10 to 26 cycles, where the portable decoder takes 350.
#if defined(__x86_64__)
#include "lattices_avx512.h"

SOTTO_INLINE_AVX512 void take_iq2_xxs(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                      sotto_row_step *out) {
  (void)left, (void)whole;  // super-blocks are whole steps
  const size_t super = step / 2 * 66, half = step % 2;
  // The points of four blocks, columns 0..15 of each first; of two rows.
  _Alignas(64) uint8_t index[64];
  for (int i = 0; i < 64; i++) {
    int point = i / 2 % 16, block = point % 8 / 2, at = point / 8 * 2 + point % 2;
    index[i] = (uint8_t)(i / 32 * 32 + block * 8 + at);
  }
  const __m512i picked = _mm512_load_si512(index);
  __m128i rest[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r += 2) {
    __m256i bytes[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      bytes[i] = _mm256_loadu_si256((const __m256i *)(rows->values[r + i] + super + 2 + 32 * half));
      rest[r + i] = _mm256_cvtepi64_epi32(_mm256_srli_epi64(bytes[i], 32));
    }
    __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(bytes[0]), bytes[1], 1);
    both = _mm512_maskz_permutexvar_epi8(0x5555555555555555, picked, both);
    both = look_up(both, sotto_lattice_iq2_xxs, 4);
    __m512i values[2];
    expand_iq2(_mm512_castsi512_si256(both), values);
    put_signed(values, signs_of_words(rest[r]), out->values[r]);
    expand_iq2(_mm512_extracti64x4_epi64(both, 1), values);
    put_signed(values, signs_of_words(rest[r + 1]), out->values[r + 1]);
  }
  __m512 quarter = _mm512_mul_ps(halves_of_rows(rows, super), _mm512_set1_ps(0.25f));
  out->scale[0] = scaled(_mm512_srli_epi32(by_block(rest), 28), 0.5f, quarter);
}

SOTTO_INLINE_AVX512 void take_iq2_xs(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                     sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 74, half = step % 2;
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r += 2) {
    __m256i packed[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++)
      packed[i] = _mm256_loadu_si256((const __m256i *)(rows->values[r + i] + super + 2 + 32 * half));
    __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(packed[0]), packed[1], 1), values[2];
    both = look_up(_mm512_permutexvar_epi16(halves_apart(), both), sotto_lattice_iq2_xs, 8);
    expand_iq2(_mm512_castsi512_si256(both), values);
    put_signed(values, with_parity(_mm256_cvtepi16_epi8(_mm256_srli_epi16(packed[0], 9))), out->values[r]);
    expand_iq2(_mm512_extracti64x4_epi64(both, 1), values);
    put_signed(values, with_parity(_mm256_cvtepi16_epi8(_mm256_srli_epi16(packed[1], 9))), out->values[r + 1]);
  }
  __m512 quarter = _mm512_mul_ps(halves_of_rows(rows, super), _mm512_set1_ps(0.25f));
  __m128i scales = sotto_words_of_rows(rows, super + 66 + 4 * half);
  out->scale[0] = scaled(bits_of_rows(scales, 0, 8, 15), 0.5f, quarter);
  out->scale[1] = scaled(bits_of_rows(scales, 4, 8, 15), 0.5f, quarter);
}

SOTTO_INLINE_AVX512 void take_iq2_s(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                    sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 82, half = step % 2;
  const __m512i shifts = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + super;
    __m512i points = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(p + 2 + 16 * half)));
    __m512i upper = _mm512_srlv_epi32(_mm512_set1_epi32((int)sotto_load32(p + 66 + 4 * half)), shifts), values[2];
    upper = _mm512_slli_epi32(_mm512_and_si512(upper, _mm512_set1_epi32(3)), 8);
    gather_iq2(_mm512_or_si512(points, upper), sotto_lattice_iq2_s, values);
    put_signed(values, _mm_loadu_si128((const __m128i *)(p + 34 + 16 * half)), out->values[r]);
  }
  __m512 quarter = _mm512_mul_ps(halves_of_rows(rows, super), _mm512_set1_ps(0.25f));
  __m128i scales = sotto_words_of_rows(rows, super + 74 + 4 * half);
  out->scale[0] = scaled(bits_of_rows(scales, 0, 8, 15), 0.5f, quarter);
  out->scale[1] = scaled(bits_of_rows(scales, 4, 8, 15), 0.5f, quarter);
}

SOTTO_INLINE_AVX512 void take_iq3_xxs(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                      sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 98, half = step % 2;
  const __m128i numbers = _mm_setr_epi8(4, 12, 20, 28, 36, 44, 52, 62, 0, 0, 0, 0, 0, 0, 0, 0);
  __m128i rest[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + super;
    __m512i values[2];
    expand_fours(look_up(points_of_fours(p + 2 + 32 * half), sotto_lattice_iq3_xxs, 4), numbers, values);
    rest[r] = _mm_loadu_si128((const __m128i *)(p + 66 + 16 * half));
    put_signed(values, signs_of_words(rest[r]), out->values[r]);
  }
  __m512 d = _mm512_mul_ps(halves_of_rows(rows, super), _mm512_set1_ps(0.5f));
  out->scale[0] = scaled(_mm512_srli_epi32(by_block(rest), 28), 0.5f, d);
}

SOTTO_INLINE_AVX512 void take_iq3_s(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                    sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 110, half = step % 2;
  const __m128i numbers = _mm_setr_epi8(1, 3, 5, 7, 9, 11, 13, 15, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m512i ninth = _mm512_set1_epi16(256);
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + super;
    // A bit for each point: the lower nibbles are those of columns 0..15.
    uint32_t upper = sotto_load32(p + 66 + 4 * half), low = upper & 0x0f0f0f0f, high = upper >> 4 & 0x0f0f0f0f;
    low = (low | low >> 4) & 0x00ff00ff, high = (high | high >> 4) & 0x00ff00ff;
    upper = (low | low >> 8) & 0xffff, upper |= (high | high >> 8) << 16;
    __m512i points = points_of_fours(p + 2 + 32 * half), values[2];
    points = _mm512_mask_add_epi16(points, (__mmask32)upper, points, ninth);
    expand_fours(look_up(points, sotto_lattice_iq3_s, 8), numbers, values);
    put_signed(values, _mm_loadu_si128((const __m128i *)(p + 74 + 16 * half)), out->values[r]);
  }
  const uint8_t *const *p = rows->values;
  size_t at = super + 106 + 2 * half;
  __m128i scales = _mm_setr_epi32(sotto_load16(p[0] + at), sotto_load16(p[1] + at), sotto_load16(p[2] + at),
                                  sotto_load16(p[3] + at));
  __m512i odd = _mm512_slli_epi32(bits_of_rows(scales, 0, 4, 15), 1);
  out->scale[0] = scaled(odd, 1, halves_of_rows(rows, super));
}

SOTTO_INLINE_AVX512 void take_iq1_s(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                    sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 50, half = step % 2;
  const __m512i shifts = _mm512_setr_epi32(0, 3, 6, 9, 0, 3, 6, 9, 0, 3, 6, 9, 0, 3, 6, 9);
  const __m512i spread = lanes_of_blocks(0, 1, 2, 3);
  __m128i rest[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + super;
    __m512i points = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(p + 2 + 16 * half)));
    rest[r] = _mm_cvtepu16_epi32(_mm_loadu_si64(p + 34 + 8 * half));
    __m512i words = _mm512_permutexvar_epi32(spread, _mm512_castsi128_si512(rest[r]));
    __m512i upper = _mm512_and_si512(_mm512_srlv_epi32(words, shifts), _mm512_set1_epi32(7));
    points = _mm512_or_si512(points, _mm512_slli_epi32(upper, 8));
    put_eighths(points, _mm512_srli_epi32(words, 15), out->values[r]);
  }
  __m512 eighth = _mm512_mul_ps(halves_of_rows(rows, super), _mm512_set1_ps(0.125f));
  __m512i scale = _mm512_and_si512(_mm512_srli_epi32(by_block(rest), 12), _mm512_set1_epi32(7));
  out->scale[0] = scaled(_mm512_slli_epi32(scale, 1), 1, eighth);
}

SOTTO_INLINE_AVX512 void take_iq1_m(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                    sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 56, half = step % 2;
  // A nibble for eight columns, in the low bytes of the lanes.
  const __m512i control = _mm512_setr_epi64(0x0000000400000000, 0x0000000c00000008, 0x0000001400000010,
                                            0x0000001c00000018, 0x0000002400000020, 0x0000002c00000028,
                                            0x0000003400000030, 0x0000003c00000038);
  __m128i scales = sotto_words_of_rows(rows, super + 48 + 4 * half);
  _Alignas(8) uint16_t d[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + super;
    __m512i points = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(p + 16 * half)));
    __m512i rest = _mm512_broadcastq_epi64(_mm_loadu_si64(p + 32 + 8 * half));
    rest = _mm512_and_si512(_mm512_multishift_epi64_epi8(control, rest), _mm512_set1_epi32(15));
    __m512i upper = _mm512_slli_epi32(_mm512_and_si512(rest, _mm512_set1_epi32(7)), 8);
    put_eighths(_mm512_or_si512(points, upper), _mm512_srli_epi32(rest, 3), out->values[r]);
    d[r] = (uint16_t)(p[49] >> 4 | (p[51] & 0xf0) | (p[53] & 0xf0) << 4 | (p[55] & 0xf0) << 8);
  }
  __m512 eighth = _mm512_broadcast_f32x4(_mm_cvtph_ps(_mm_loadu_si64(d)));
  eighth = _mm512_mul_ps(eighth, _mm512_set1_ps(0.125f));
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    // Two blocks to a word of 16 bits.
    __m512i shifts = lanes_of_blocks(3 * i, 6 + 3 * i, 16 + 3 * i, 22 + 3 * i);
    __m512i scale = _mm512_srlv_epi32(_mm512_broadcast_i32x4(scales), shifts);
    scale = _mm512_slli_epi32(_mm512_and_si512(scale, _mm512_set1_epi32(7)), 1);
    out->scale[i] = scaled(scale, 1, eighth);
  }
}

SOTTO_INLINE_AVX512 void take_tq2_0(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                    sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 66, half = step % 2;
  const __m512i shifts = lanes_of_blocks(0, 2, 4, 6), two = _mm512_set1_epi8(3), offset = _mm512_set1_epi8(127);
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++)
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      const uint8_t *p = rows->values[r] + super + 32 * half + 16 * (size_t)i;
      __m512i bytes = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)p));
      out->values[r][i] = _mm512_add_epi8(_mm512_and_si512(_mm512_srlv_epi32(bytes, shifts), two), offset);
    }
  out->scale[0] = halves_of_rows(rows, super + 64);
}

/// Panels of these formats.
SOTTO_INLINE_AVX512 void decode_by_rows(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel,
                                        const sotto_take take, const sotto_panel_kind kind) {
  const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i high = _mm512_add_epi64(low, _mm512_set1_epi64(4));
  sotto_panel_block *out = panel;
  sotto_four_rows rows[4];
  for (size_t i = 0; i < 4; i++) rows[i] = sotto_rows_at(view, row + 4 * i);
  for (size_t b = 0; b < blocks; b += 4, out += 4) {
    _Alignas(64) uint8_t bytes[SOTTO_TILE][SOTTO_STEP];
    for (size_t i = 0; i < 4; i++) {
      sotto_row_step step;
      take(&rows[i], (first + b) / 4, 4, 1, &step);
#pragma clang loop unroll(full)
      for (size_t r = 0; r < 4; r++) {
        uint8_t *to = bytes[4 * i + r];
        _mm512_store_si512(to, _mm512_permutex2var_epi64(step.values[r][0], low, step.values[r][1]));
        _mm512_store_si512(to + 64, _mm512_permutex2var_epi64(step.values[r][0], high, step.values[r][1]));
      }
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++) {
        _mm_storeu_ps(out[part].scale[0] + 4 * i, sotto_part(step.scale[0], part));
        if (kind == SOTTO_HALVES) _mm_storeu_ps(out[part].scale[1] + 4 * i, sotto_part(step.scale[1], part));
      }
    }
    sotto_tile_rows tile = {bytes[0], SOTTO_STEP};
    for (size_t i = 0; i < 8; i++) {
      __m512i quads[4];
      sotto_transpose(&tile, 16 * i, quads);
#pragma clang loop unroll(full)
      for (int quad = 0; quad < 4; quad++) sotto_store_quad(&out[i / 2], (int)(i % 2) * 4 + quad, quads[quad]);
    }
  }
}

#define LATTICE(name, bytes, kind)                                                                                  \
  SOTTO_ROWS(sotto_rows_##name##_avx512, take_##name, bytes, kind)                                                  \
  SOTTO_TARGET_AVX512 void sotto_decode_##name##_avx512(const sotto_view *view, size_t row, size_t first,           \
                                                        size_t blocks, void *panel) {                               \
    decode_by_rows(view, row, first, blocks, panel, take_##name, kind);                                             \
  }

LATTICE(iq1_s, 25, SOTTO_PLAIN)
LATTICE(iq1_m, 28, SOTTO_HALVES)
LATTICE(iq2_xxs, 33, SOTTO_PLAIN)
LATTICE(iq2_xs, 37, SOTTO_HALVES)
LATTICE(iq2_s, 41, SOTTO_HALVES)
LATTICE(iq3_xxs, 49, SOTTO_PLAIN)
LATTICE(iq3_s, 55, SOTTO_PLAIN)
LATTICE(tq2_0, 33, SOTTO_PLAIN)
#endif
