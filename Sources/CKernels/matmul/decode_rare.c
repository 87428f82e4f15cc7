// Portable decoders of GGUF's formats below three bits a weight, and of others that few files have. They give integers
// with scales like the other formats, so that the fast products multiply them. AVX-512 has its own for the lattices
// (rows_avx512_lattices.c).
#include <string.h>

#include "lattices.h"
#include "row_block.h"

// Eight values at a time are the bytes of a 64-bit number.
static const uint64_t ones = 0x0101010101010101;

/// Eight numbers of two bits each.
SOTTO_INLINE uint64_t spread_twos(uint16_t packed) {
  uint64_t x = packed;
  x = (x | x << 24) & 0x000000ff000000ff;
  x = (x | x << 12) & 0x000f000f000f000f;
  return (x | x << 6) & 3 * ones;
}

/// Eight numbers of three bits each, in the nibbles of two words.
SOTTO_INLINE uint64_t spread_nibbles(uint16_t first, uint16_t second) {
  uint64_t x = first | (uint64_t)second << 32;
  x = (x | x << 8) & 0x00ff00ff00ff00ff;
  return (x | x << 4) & 7 * ones;
}

/// Eight values, negated where a bit is set; none is 0.
SOTTO_INLINE void put_signed(uint64_t values, uint8_t signs, int8_t *out) {
  uint64_t x = signs;
  x = (x | x << 28) & 0x0000000f0000000f;
  x = (x | x << 14) & 0x0003000300030003;
  x = (x | x << 7) & ones;
  values = (values ^ x * 255) + x;
  memcpy(out, &values, sizeof values);
}

/// The values of IQ2's lattices: 8, 25 and 43.
SOTTO_INLINE uint64_t iq2_values(uint16_t packed) {
  uint64_t x = spread_twos(packed);
  return 8 * ones + 17 * x + (x >> 1 & ones);
}

/// Seven bits of signs; the eighth makes the number of negative values even.
static uint8_t even_signs(uint32_t seven) {
  return (uint8_t)((seven & 127) | (uint32_t)(__builtin_popcount(seven & 127) & 1) << 7);
}

/// IQ2_XXS: for 32 columns four bytes of lattice points and four bytes of signs and a scale.
static void iq2_xxs(const uint8_t *p, size_t index, sotto_row_block *out) {
  const uint8_t *points = p + 2 + 8 * index;
  uint32_t rest = sotto_load32(points + 4);
  sotto_set_scale(out, sotto_half_at(p) * (0.5f + (float)(rest >> 28)) * 0.25f);
  for (int i = 0; i < 4; i++) {
    put_signed(iq2_values(sotto_lattice_iq2_xxs[points[i]]), even_signs(rest >> (7 * i)), out->values + 8 * i);
  }
}

/// IQ2_XS: 16 bits for 8 columns, a nibble of scale for 16.
static void iq2_xs(const uint8_t *p, size_t index, sotto_row_block *out) {
  uint8_t scales = p[66 + index];
  for (int i = 0; i < 4; i++) {
    uint16_t packed = sotto_load16(p + 2 + 8 * index + 2 * i);
    put_signed(iq2_values(sotto_lattice_iq2_xs[packed & 511]), even_signs(packed >> 9), out->values + 8 * i);
  }
  for (int i = 0; i < 2; i++)
    out->scale[i] = sotto_half_at(p) * (0.5f + (float)(scales >> (4 * i) & 15)) * 0.25f;
}

/// IQ2_S: points' low bytes, signs, their upper two bits, a nibble of scale for 16 columns.
static void iq2_s(const uint8_t *p, size_t index, sotto_row_block *out) {
  uint8_t upper = p[66 + index], scales = p[74 + index];
  for (size_t i = 0; i < 4; i++) {
    unsigned point = p[2 + 4 * index + i] | (upper >> (2 * i) & 3u) << 8;
    put_signed(iq2_values(sotto_lattice_iq2_s[point]), p[34 + 4 * index + i], out->values + 8 * i);
  }
  for (int i = 0; i < 2; i++)
    out->scale[i] = sotto_half_at(p) * (0.5f + (float)(scales >> (4 * i) & 15)) * 0.25f;
}

/// IQ3_XXS: a byte for 4 columns; for 32 columns four bytes of signs and a scale.
static void iq3_xxs(const uint8_t *p, size_t index, sotto_row_block *out) {
  uint32_t rest = sotto_load32(p + 66 + 4 * index);
  sotto_set_scale(out, sotto_half_at(p) * (0.5f + (float)(rest >> 28)) * 0.5f);
  const uint8_t *points = p + 2 + 8 * index;
  for (size_t i = 0; i < 4; i++) {
    uint64_t x = spread_nibbles(sotto_lattice_iq3_xxs[points[2 * i]], sotto_lattice_iq3_xxs[points[2 * i + 1]]);
    // 4, 12, 20 and so on, but 62 instead of 60.
    uint64_t values = 4 * ones + 8 * x + 2 * (x & x >> 1 & x >> 2 & ones);
    put_signed(values, even_signs(rest >> (7 * i)), out->values + 8 * i);
  }
}

/// IQ3_S: points' low bytes, their ninth bits, signs, a nibble of scale for 32 columns.
static void iq3_s(const uint8_t *p, size_t index, sotto_row_block *out) {
  uint8_t upper = p[66 + index];
  sotto_set_scale(out, sotto_half_at(p) * (float)(1 + 2 * (p[106 + index / 2] >> (index % 2 * 4) & 15)));
  const uint8_t *points = p + 2 + 8 * index;
  for (size_t i = 0; i < 4; i++) {
    unsigned first = points[2 * i] | (upper >> (2 * i) & 1u) << 8;
    unsigned second = points[2 * i + 1] | (upper >> (2 * i + 1) & 1u) << 8;
    uint64_t x = spread_nibbles(sotto_lattice_iq3_s[first], sotto_lattice_iq3_s[second]);
    put_signed(ones + 2 * x, p[74 + 4 * index + i], out->values + 8 * i);
  }
}

/// -1, 0 or 1 and an eighth more or less, in eighths.
SOTTO_INLINE void eighths(uint16_t packed, int is_less, int8_t *out) {
  // 128 more, so that no byte overflows.
  uint64_t x = (8 * spread_twos(packed) + (uint64_t)(is_less ? 119 : 121) * ones) ^ 128 * ones;
  memcpy(out, &x, sizeof x);
}

/// IQ1_S: points' low bytes, then 16 bits for 32 columns: upper bits of points, a scale, the sign of the eighth.
static void iq1_s(const uint8_t *p, size_t index, sotto_row_block *out) {
  uint16_t rest = sotto_load16(p + 34 + 2 * index);
  sotto_set_scale(out, sotto_half_at(p) * (float)(2 * (rest >> 12 & 7) + 1) * 0.125f);
  for (size_t i = 0; i < 4; i++) {
    unsigned point = p[2 + 4 * index + i] | (rest >> (3 * i) & 7u) << 8;
    eighths(sotto_lattice_iq1[point], rest >> 15, out->values + 8 * i);
  }
}

/// IQ1_M: points' low bytes; for 8 columns three upper bits and the sign of the eighth; scales of three bits for 16
/// columns, four to a word, whose upper four bits are a quarter of the float16 scale of all.
static void iq1_m(const uint8_t *p, size_t index, sotto_row_block *out) {
  const uint8_t *scales = p + 48;
  uint16_t d = 0;
  for (int i = 0; i < 4; i++) d = (uint16_t)(d | sotto_load16(scales + 2 * i) >> 12 << (4 * i));
  for (size_t i = 0; i < 4; i++) {
    uint8_t rest = p[32 + 2 * index + i / 2] >> (i % 2 * 4) & 15;
    eighths(sotto_lattice_iq1[p[4 * index + i] | (rest & 7u) << 8], rest >> 3, out->values + 8 * i);
  }
  for (size_t i = 0; i < 2; i++) {
    int scale = sotto_load16(scales + index / 2 * 2) >> (3 * (index % 2 * 2 + i)) & 7;
    out->scale[i] = sotto_float_from_half(d) * (float)(2 * scale + 1) * 0.125f;
  }
}

/// Digit `digit` of `count` bytes of TQ1_0: five ternary digits a byte, as a fraction of 256.
SOTTO_INLINE void ternary(const uint8_t *p, size_t digit, int count, int8_t *out) {
  static const uint8_t powers[5] = {1, 3, 9, 27, 81};
  for (int i = 0; i < count; i++) {
    uint8_t fraction = (uint8_t)(p[i] * powers[digit]);
    out[i] = (int8_t)((fraction * 3 >> 8) - 1);
  }
}

/// TQ1_0: columns 0..159 are digits of 32 bytes, 160..239 of 16 bytes, and the others of 4 bytes.
static void tq1_0(const uint8_t *p, size_t index, sotto_row_block *out) {
  sotto_set_scale(out, sotto_half_at(p + 52));
  if (index < 5) {
    ternary(p, index, 32, out->values);
    return;
  }
  ternary(p + 32, 2 * (index - 5), 16, out->values);
  if (index < 7)
    ternary(p + 32, 2 * (index - 5) + 1, 16, out->values + 16);
  else
    for (size_t digit = 0; digit < 4; digit++) ternary(p + 48, digit, 4, out->values + 16 + 4 * digit);
}

void sotto_decode_rare(sotto_weight_format format, const uint8_t *p, size_t index, sotto_row_block *out) {
  switch (format) {
    case SOTTO_IQ1_S: iq1_s(p, index, out); break;
    case SOTTO_IQ1_M: iq1_m(p, index, out); break;
    case SOTTO_IQ2_XXS: iq2_xxs(p, index, out); break;
    case SOTTO_IQ2_XS: iq2_xs(p, index, out); break;
    case SOTTO_IQ2_S: iq2_s(p, index, out); break;
    case SOTTO_IQ3_XXS: iq3_xxs(p, index, out); break;
    case SOTTO_IQ3_S: iq3_s(p, index, out); break;
    case SOTTO_TQ1_0: tq1_0(p, index, out); break;
    case SOTTO_TQ2_0:  // halves of 128 columns in 32 bytes each
      sotto_set_scale(out, sotto_half_at(p + 64));
      for (size_t i = 0; i < SOTTO_BLOCK; i++)
        out->values[i] = (int8_t)((p[index / 4 * 32 + i] >> (index % 4 * 2) & 3) - 1);
      break;
    case SOTTO_Q8_K:
      sotto_set_scale(out, sotto_float_from_bits(sotto_load32(p)));
      memcpy(out->values, p + 4 + 32 * index, SOTTO_BLOCK);
      break;
    default: memset(out, 0, sizeof *out);
  }
}
