// How AVX2 and NEON unpack GGUF's formats of lattice points and of ternary numbers. decode_rare.c describes the formats
// and has them in portable code.
//
// A block's points, four of eight columns or eight of four, are looked up one by one. The rest is in vectors: a nibble of
// a point is two columns of two bits or one of three, which tables expand, and signs are a mask of a bit per column. A row
// of a block takes some 20 cycles, a quarter of the portable decoder.
#pragma once
#include "lattices.h"
#include "vectors.h"

SOTTO_VECTOR int sotto_is_lattice(const sotto_weight_format format) {
  switch (format) {
    case SOTTO_IQ1_S:
    case SOTTO_IQ1_M:
    case SOTTO_IQ2_XXS:
    case SOTTO_IQ2_XS:
    case SOTTO_IQ2_S:
    case SOTTO_IQ3_XXS:
    case SOTTO_IQ3_S:
    case SOTTO_TQ1_0:
    case SOTTO_TQ2_0: return 1;
    default: return 0;
  }
}

/// A scale is the float16 number of the super-block (`lattice_half`), times this, times `lattice_scale`. The product is
/// exact.
SOTTO_VECTOR float lattice_factor(const sotto_weight_format format) {
  switch (format) {
    case SOTTO_IQ3_XXS: return 0.25f;
    case SOTTO_IQ3_S:
    case SOTTO_TQ1_0:
    case SOTTO_TQ2_0: return 1;
    default: return 0.125f;
  }
}

/// The odd number that is a block's part of its scale, or that of its half.
SOTTO_VECTOR uint8_t lattice_scale(const uint8_t *p, size_t index, size_t half, const sotto_weight_format format) {
  uint32_t scale;
  switch (format) {
    case SOTTO_IQ1_S: scale = sotto_load16(p + 34 + 2 * index) >> 12 & 7; break;
    case SOTTO_IQ1_M: scale = sotto_load16(p + 48 + index / 2 * 2) >> (3 * (index % 2 * 2 + half)) & 7; break;
    case SOTTO_IQ2_XXS: scale = p[2 + 8 * index + 7] >> 4; break;
    case SOTTO_IQ2_XS: scale = p[66 + index] >> (4 * half) & 15; break;
    case SOTTO_IQ2_S: scale = p[74 + index] >> (4 * half) & 15; break;
    case SOTTO_IQ3_XXS: scale = p[66 + 4 * index + 3] >> 4; break;
    case SOTTO_IQ3_S: scale = p[106 + index / 2] >> (index % 2 * 4) & 15; break;
    default: scale = 0; break;
  }
  return (uint8_t)(2 * scale + 1);
}

/// The bits of the super-block's float16 number.
SOTTO_VECTOR uint32_t lattice_half(const uint8_t *p, const sotto_weight_format format) {
  switch (format) {
    case SOTTO_IQ1_M:  // a nibble in each of four words
      return p[49] >> 4 | (p[51] & 0xf0u) | (p[53] & 0xf0u) << 4 | (p[55] & 0xf0u) << 8;
    case SOTTO_TQ1_0: return sotto_load16(p + 52);
    case SOTTO_TQ2_0: return sotto_load16(p + 64);
    default: return sotto_load16(p);
  }
}

/// What 32 numbers of two bits, in 8 bytes, stand for: a, b or c.
SOTTO_VECTOR void expand_twos(uint64_t packed, const uint8_t a, const uint8_t b, const uint8_t c, bytes out[2]) {
  typedef uint16_t couples __attribute__((vector_size(16)));
  const bytes lower = {a, b, c, 0, a, b, c, 0, a, b, c, 0, a, b, c, 0};   // of a nibble
  const bytes upper = {a, a, a, a, b, b, b, b, c, c, c, c, 0, 0, 0, 0};
  pairs both = {packed, 0};
  bytes low = (bytes)both & 15, high = (bytes)both >> 4;
  bytes parts[4] = {look_up(lower, low), look_up(upper, low), look_up(lower, high), look_up(upper, high)};
  bytes x = __builtin_shufflevector(parts[0], parts[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  bytes y = __builtin_shufflevector(parts[2], parts[3], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  out[0] = (bytes)__builtin_shufflevector((couples)x, (couples)y, 0, 8, 1, 9, 2, 10, 3, 11);
  out[1] = (bytes)__builtin_shufflevector((couples)x, (couples)y, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// Four points of eight columns each.
SOTTO_VECTOR uint64_t points_of(const uint16_t *table, unsigned a, unsigned b, unsigned c, unsigned d) {
  return table[a] | (uint64_t)table[b] << 16 | (uint64_t)table[c] << 32 | (uint64_t)table[d] << 48;
}

/// The values of IQ2's points.
SOTTO_VECTOR void expand_iq2(uint64_t points, bytes out[2]) { expand_twos(points, 8, 25, 43, out); }

/// The values of eight points of IQ3: eight numbers of three bits, in nibbles.
SOTTO_VECTOR void expand_fours(uint64_t first, uint64_t second, const bytes numbers, bytes out[2]) {
  pairs both = {first, second};
  interleave((bytes)both, out);
  out[0] = look_up(numbers, out[0]), out[1] = look_up(numbers, out[1]);
}

/// Negates the values whose bit is set.
SOTTO_VECTOR void put_signs(uint32_t signs, bytes out[2]) {
  bytes first = mask_of_bits(signs), second = mask_of_bits(signs >> 16);
  out[0] = (out[0] ^ first) - first, out[1] = (out[1] ^ second) - second;
}

/// Seven bits in each byte and, above them, the one that makes the number of set bits even.
SOTTO_VECTOR uint32_t with_parity(uint32_t seven) {
  uint32_t x = seven ^ seven >> 4;
  x ^= x >> 2;
  x ^= x >> 1;
  return seven | (x & 0x01010101) << 7;
}

/// The signs of 32 columns in 28 bits.
SOTTO_VECTOR uint32_t signs_of(uint32_t x) {
  return with_parity((x & 127) | (x << 1 & 127 << 8) | (x << 2 & 127 << 16) | (x << 3 & 127u << 24));
}

/// IQ1: -1, 0 or 1 in eighths, and an eighth more or, where a bit of `less` is set, less; a bit for eight columns.
SOTTO_VECTOR void expand_eighths(uint64_t points, uint32_t less, bytes out[2]) {
  const uint64_t ones = 0x0101010101010101;
  pairs first = {(249 - 2 * (less & 1)) * ones, (249 - 2 * (less >> 1 & 1)) * ones};
  pairs second = {(249 - 2 * (less >> 2 & 1)) * ones, (249 - 2 * (less >> 3 & 1)) * ones};
  expand_twos(points, 0, 8, 16, out);
  out[0] += (bytes)first, out[1] += (bytes)second;
}

/// A ternary digit, -1 to 1, of bytes that are fractions of 256: `power` is 3 to the power of the digit's number.
SOTTO_VECTOR bytes ternary(bytes packed, bytes power) {
  bytes fraction = packed * power;
  return 255 - (bytes)(fraction > 85) - (bytes)(fraction > 170);
}

SOTTO_VECTOR bytes power_of_three(size_t digit) {
  static const uint8_t powers[5] = {1, 3, 9, 27, 81};
  uint8_t x = powers[digit];
  return (bytes){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

SOTTO_VECTOR void unpack_tq1_0(const uint8_t *p, size_t index, bytes out[2]) {
  if (index < 5) {
    for (int i = 0; i < 2; i++) out[i] = ternary(load(p + 16 * i), power_of_three(index));
    return;
  }
  bytes packed = load(p + 32);
  out[0] = ternary(packed, power_of_three(2 * (index - 5)));
  if (index < 7) {
    out[1] = ternary(packed, power_of_three(2 * (index - 5) + 1));
  } else {
    const bytes powers = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27};
    uint32_t word = sotto_load32(p + 48);
    words last = {word, word, word, word};
    out[1] = ternary((bytes)last, powers);
  }
}

/// The 32 values of one row's block of the super-block at `p`.
SOTTO_VECTOR void unpack_lattice(const uint8_t *p, size_t index, const sotto_weight_format format, bytes out[2]) {
  switch (format) {
    case SOTTO_IQ1_S: {
      const uint8_t *q = p + 2 + 4 * index;
      uint32_t rest = sotto_load16(p + 34 + 2 * index);
      uint64_t points = points_of(sotto_lattice_iq1, q[0] | (rest & 7) << 8, q[1] | (rest >> 3 & 7) << 8,
                                  q[2] | (rest >> 6 & 7) << 8, q[3] | (rest >> 9 & 7) << 8);
      expand_eighths(points, (rest >> 15) * 15, out);
      break;
    }
    case SOTTO_IQ1_M: {
      const uint8_t *q = p + 4 * index;
      uint32_t rest = sotto_load16(p + 32 + 2 * index);  // a nibble for a point
      uint64_t points = points_of(sotto_lattice_iq1, q[0] | (rest & 7) << 8, q[1] | (rest >> 4 & 7) << 8,
                                  q[2] | (rest >> 8 & 7) << 8, q[3] | (rest >> 12 & 7) << 8);
      expand_eighths(points, (rest >> 3 & 1) | (rest >> 6 & 2) | (rest >> 9 & 4) | (rest >> 12 & 8), out);
      break;
    }
    case SOTTO_IQ2_XXS: {
      const uint8_t *q = p + 2 + 8 * index;
      expand_iq2(points_of(sotto_lattice_iq2_xxs, q[0], q[1], q[2], q[3]), out);
      put_signs(signs_of(sotto_load32(q + 4)), out);
      break;
    }
    case SOTTO_IQ2_XS: {
      uint64_t x;
      memcpy(&x, p + 2 + 8 * index, sizeof x);
      expand_iq2(points_of(sotto_lattice_iq2_xs, x & 511, x >> 16 & 511, x >> 32 & 511, x >> 48 & 511), out);
      x = x >> 9 & 0x007f007f007f007f;
      x |= x >> 8;
      put_signs(with_parity((uint32_t)((x & 0xffff) | (x >> 16 & 0xffff0000))), out);
      break;
    }
    case SOTTO_IQ2_S: {
      const uint8_t *q = p + 2 + 4 * index;
      uint32_t upper = (uint32_t)p[66 + index] << 8;
      expand_iq2(points_of(sotto_lattice_iq2_s, q[0] | (upper & 768), q[1] | (upper >> 2 & 768),
                           q[2] | (upper >> 4 & 768), q[3] | (upper >> 6 & 768)), out);
      put_signs(sotto_load32(p + 34 + 4 * index), out);
      break;
    }
    case SOTTO_IQ3_XXS: {
      const bytes numbers = {4, 12, 20, 28, 36, 44, 52, 62};
      const uint8_t *q = p + 2 + 8 * index;
      const uint16_t *table = sotto_lattice_iq3_xxs;
      expand_fours(points_of(table, q[0], q[1], q[2], q[3]), points_of(table, q[4], q[5], q[6], q[7]), numbers, out);
      put_signs(signs_of(sotto_load32(p + 66 + 4 * index)), out);
      break;
    }
    case SOTTO_IQ3_S: {
      const bytes numbers = {1, 3, 5, 7, 9, 11, 13, 15};
      const uint8_t *q = p + 2 + 8 * index;
      const uint16_t *table = sotto_lattice_iq3_s;
      uint32_t ninth = (uint32_t)p[66 + index] << 8;
      uint64_t first = points_of(table, q[0] | (ninth & 256), q[1] | (ninth >> 1 & 256), q[2] | (ninth >> 2 & 256),
                                 q[3] | (ninth >> 3 & 256));
      uint64_t second = points_of(table, q[4] | (ninth >> 4 & 256), q[5] | (ninth >> 5 & 256),
                                  q[6] | (ninth >> 6 & 256), q[7] | (ninth >> 7 & 256));
      expand_fours(first, second, numbers, out);
      put_signs(sotto_load32(p + 74 + 4 * index), out);
      break;
    }
    case SOTTO_TQ1_0: unpack_tq1_0(p, index, out); break;
    default:  // TQ2_0
      for (size_t i = 0; i < 2; i++)
        out[i] = (load(p + index / 4 * 32 + 16 * i) >> (uint8_t)(index % 4 * 2) & 3) - 1;
      break;
  }
}
