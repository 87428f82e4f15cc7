// How the AVX2 and NEON decoders unpack a row: every format in 16-byte vectors of the compiler.
#pragma once
#include <string.h>

#include "methods.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define SOTTO_VECTOR SOTTO_INLINE SOTTO_TARGET_AVX2
#else
#include <arm_neon.h>
#define SOTTO_VECTOR SOTTO_INLINE
#endif

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));
typedef uint64_t pairs __attribute__((vector_size(16)));
typedef float floats __attribute__((vector_size(16)));

SOTTO_VECTOR bytes load(const uint8_t *p) {
  bytes x;
  memcpy(&x, p, sizeof x);
  return x;
}

/// Low nibbles are columns 0..15, high ones 16..31.
SOTTO_VECTOR void split(bytes x, bytes out[2]) {
  out[0] = x & 15;
  out[1] = x >> 4;
}

/// Low and high nibbles alternate.
SOTTO_VECTOR void interleave(bytes x, bytes out[2]) {
  bytes low = x & 15, high = x >> 4;
  out[0] = __builtin_shufflevector(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  out[1] = __builtin_shufflevector(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// 16 in the bytes whose bit of `bits` is set.
SOTTO_VECTOR bytes fifth_bits(uint32_t bits) {
  const bytes mask = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  pairs spread = {(bits & 255) * 0x0101010101010101u, (bits >> 8 & 255) * 0x0101010101010101u};
  return (bytes)(((bytes)spread & mask) != 0) & 16;
}

/// The numbers of `table` at the indices `x`, all below 16.
SOTTO_VECTOR bytes look_up(bytes table, bytes x) {
#if defined(__x86_64__)
  return (bytes)_mm_shuffle_epi8((__m128i)table, (__m128i)x);
#else
  return (bytes)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)x);
#endif
}

/// The doubled values of 4-bit numbers, in two's complement: 0, 1, 2, 3, 4, 6, 8, 12, and so on below zero.
SOTTO_VECTOR bytes doubled_e2m1(bytes x) {
  const bytes table = {0, 1, 2, 3, 4, 6, 8, 12, 0, 255, 254, 253, 252, 250, 248, 244};
  return look_up(table, x);
}

/// What the 4-bit numbers of IQ4_NL and IQ4_XS stand for, in two's complement.
SOTTO_VECTOR bytes iq4(bytes x) {
  const bytes table = {129, 152, 173, 191, 207, 221, 234, 246, 1, 13, 25, 38, 53, 69, 89, 113};
  return look_up(table, x);
}

/// Spreads 8 numbers of `bits` (at most 7) bits, a stream from the low bits up, to bytes. Reads `bits` bytes.
SOTTO_VECTOR uint64_t spread_bits(const uint8_t *p, const int bits) {
  uint64_t x = 0;
  memcpy(&x, p, (size_t)bits);
  // Halves, quarters and eighths move apart.
  const uint64_t four = ((1ull << 4 * bits) - 1), two = ((1ull << 2 * bits) - 1) * 0x0000000100000001;
  const uint64_t one = ((1ull << bits) - 1) * 0x0001000100010001;
  x = (x & four) | (x << (32 - 4 * bits) & four << 32);
  x = (x & two) | (x << (16 - 2 * bits) & two << 16);
  return (x & one) | (x << (8 - bits) & one << 8);
}

/// Transposes the 4-byte pieces of four rows: out[i] = piece i of every row.
SOTTO_VECTOR void transpose(const words in[4], words out[4]) {
  words a = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5), b = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
  words c = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5), d = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
  out[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  out[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  out[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  out[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

/// float16 to float32 (see sotto_float_from_half), four at a time, from the low halves of the lanes.
SOTTO_VECTOR floats from_halves(words x) {
#if defined(__x86_64__)
  const __m128i low = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1);
  return (floats)_mm_cvtph_ps(_mm_shuffle_epi8((__m128i)x, low));
#else
  return (floats)vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32((uint32x4_t)x)));
#endif
}

/// E4M3 to float32 (see sotto_float_from_e4m3), four at a time, from the low bytes of the lanes.
SOTTO_VECTOR floats from_e4m3(words x) {
  words magnitude = x & 127, sign = (x & 128) << 24;
  words special = (words)(magnitude == 127) & 0x7fc00000;
  // Without subnormal float32 numbers, which are slow: the leading 1 that normal numbers have is subtracted instead.
  words normal = (magnitude << 20) + (120u << 23), is_small = (words)(magnitude < 8);
  words small = (words)((floats)((magnitude << 20) + (121u << 23)) - 0x1p-6f);
  return (floats)((small & is_small) | (normal & ~is_small) | special | sign);
}

/// The scales of 16 rows and what they are decoded from.
typedef struct {
  _Alignas(16) uint32_t bits[SOTTO_TILE];
} numbers;

SOTTO_VECTOR void store_numbers(const numbers *in, sotto_weight_format type, int shift, float out[SOTTO_TILE]) {
  for (int i = 0; i < SOTTO_TILE; i += 4) {
    words x;
    memcpy(&x, in->bits + i, sizeof x);
    x >>= (uint32_t)shift;
    floats value = type == SOTTO_FLOAT32 ? (floats)x : type == SOTTO_FLOAT16 ? from_halves(x) : (floats)(x << 16);
    memcpy(out + i, &value, sizeof value);
  }
}

/// Scale bytes of 16 rows of a super-block, by sub-block, and d and dmin.
typedef struct {
  uint8_t scales[16][SOTTO_TILE], minimums[16][SOTTO_TILE];
  float d[SOTTO_TILE], dmin[SOTTO_TILE];
} super_scales;

SOTTO_VECTOR void load_super_scales(const uint8_t *p, size_t stride, const sotto_weight_format format,
                                    super_scales *out) {
  numbers d;
  for (size_t r = 0; r < SOTTO_TILE; r++, p += stride) {
    if (format == SOTTO_Q6_K) {
      for (int i = 0; i < 16; i++) out->scales[i][r] = p[192 + i];
      d.bits[r] = sotto_load16(p + 208);
      continue;
    }
    if (format == SOTTO_Q2_K) {
      for (int i = 0; i < 16; i++) out->scales[i][r] = p[i] & 15, out->minimums[i][r] = p[i] >> 4;
      d.bits[r] = sotto_load32(p + 80);
      continue;
    }
    if (format == SOTTO_Q3_K) {
      // Scales less 32 in two's complement.
      for (int i = 0; i < 16; i++) {
        int scale = (p[96 + i % 8] >> (i / 8 * 4) & 15) | (p[104 + i % 4] >> (i / 4 * 2) & 3) << 4;
        out->scales[i][r] = (uint8_t)(scale - 32);
      }
      d.bits[r] = sotto_load16(p + 108);
      continue;
    }
    if (format == SOTTO_IQ4_XS) {
      uint32_t head = sotto_load32(p), low = sotto_load32(p + 4);
      for (int i = 0; i < 8; i++)
        out->scales[i][r] = (uint8_t)(((low >> (4 * i) & 15) | (head >> (16 + 2 * i) & 3) << 4) - 32);
      d.bits[r] = head;
      continue;
    }
    d.bits[r] = sotto_load32(p);
    uint32_t a = sotto_load32(p + 4), b = sotto_load32(p + 8), c = sotto_load32(p + 12);
    uint32_t scales[2] = {a & 0x3f3f3f3f, (c & 0x0f0f0f0f) | (a >> 2 & 0x30303030)};
    uint32_t minimums[2] = {b & 0x3f3f3f3f, (c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030)};
    for (int i = 0; i < 8; i++) {
      out->scales[i][r] = (uint8_t)(scales[i / 4] >> (8 * (i % 4)));
      out->minimums[i][r] = (uint8_t)(minimums[i / 4] >> (8 * (i % 4)));
    }
  }
  store_numbers(&d, SOTTO_FLOAT16, 0, out->d);
  if (sotto_has_minimums(sotto_formats[format].kind)) store_numbers(&d, SOTTO_FLOAT16, 16, out->dmin);
}

SOTTO_VECTOR void store_super_scales(const super_scales *in, size_t index, const sotto_weight_format format,
                                     sotto_panel_block *out) {
  if (format == SOTTO_Q2_K || format == SOTTO_Q3_K || format == SOTTO_Q6_K) {
    for (size_t half = 0; half < 2; half++)
      for (int r = 0; r < SOTTO_TILE; r++) {
        out->scale[half][r] = in->d[r] * (float)(int8_t)in->scales[2 * index + half][r];
        if (format == SOTTO_Q2_K) out->minimum[half][r] = -in->dmin[r] * (float)in->minimums[2 * index + half][r];
      }
    return;
  }
  if (format == SOTTO_IQ4_XS) {
    for (int r = 0; r < SOTTO_TILE; r++) out->scale[0][r] = in->d[r] * (float)(int8_t)in->scales[index][r];
    return;
  }
  for (int r = 0; r < SOTTO_TILE; r++) out->scale[0][r] = in->d[r] * (float)in->scales[index][r];
  for (int r = 0; r < SOTTO_TILE; r++) out->minimum[0][r] = -in->dmin[r] * (float)in->minimums[index][r];
}

/// The 32 values of one row's block at `p` (for a super-block: its start).
SOTTO_VECTOR void unpack(const uint8_t *p, size_t index, const sotto_weight_format format, bytes out[2]) {
  switch (format) {
    case SOTTO_Q4_0:
      split(load(p + 2), out);
      out[0] -= 8, out[1] -= 8;
      break;
    case SOTTO_Q4_1: split(load(p + 4), out); break;
    case SOTTO_Q5_0:
    case SOTTO_Q5_1: {
      const size_t at = format == SOTTO_Q5_0 ? 2 : 4;
      uint32_t fifth = sotto_load32(p + at);
      split(load(p + at + 4), out);
      out[0] |= fifth_bits(fifth), out[1] |= fifth_bits(fifth >> 16);
      if (format == SOTTO_Q5_0) out[0] -= 16, out[1] -= 16;
      break;
    }
    case SOTTO_Q8_0: out[0] = load(p + 2), out[1] = load(p + 18); break;
    case SOTTO_Q4_K:
    case SOTTO_Q5_K: {
      const uint8_t *nibbles = p + (format == SOTTO_Q5_K ? 48 : 16) + index / 2 * 32;
      uint8_t shift = index % 2 ? 4 : 0;
      for (int i = 0; i < 2; i++) {
        out[i] = load(nibbles + 16 * i) >> shift & 15;
        if (format == SOTTO_Q5_K) out[i] |= (load(p + 16 + 16 * i) >> (uint8_t)index & 1) << 4;
      }
      break;
    }
    case SOTTO_Q6_K: {
      const uint8_t *low = p + index / 4 * 64 + index % 2 * 32, *high = p + 128 + index / 4 * 32;
      uint8_t shift = index % 4 / 2 * 4, upper = (uint8_t)(index % 4 * 2);
      for (int i = 0; i < 2; i++)
        out[i] = ((load(low + 16 * i) >> shift & 15) | (load(high + 16 * i) >> upper & 3) << 4) - 32;
      break;
    }
    case SOTTO_MXFP4:
    case SOTTO_MXFP4_PLANAR:
      if (format == SOTTO_MXFP4)
        split(load(p + 1), out);
      else
        interleave(load(p), out);
      out[0] = doubled_e2m1(out[0]), out[1] = doubled_e2m1(out[1]);
      break;
    case SOTTO_Q2_K:
      for (int i = 0; i < 2; i++) out[i] = load(p + 16 + index / 4 * 32 + 16 * (size_t)i) >> (uint8_t)(index % 4 * 2) & 3;
      break;
    case SOTTO_Q3_K:
      for (int i = 0; i < 2; i++) {
        bytes low = load(p + 32 + index / 4 * 32 + 16 * (size_t)i) >> (uint8_t)(index % 4 * 2) & 3;
        out[i] = (low | (load(p + 16 * i) >> (uint8_t)index & 1) << 2) - 4;
      }
      break;
    case SOTTO_IQ4_NL:
    case SOTTO_IQ4_XS:
      split(load(format == SOTTO_IQ4_NL ? p + 2 : p + 8 + 16 * index), out);
      out[0] = iq4(out[0]), out[1] = iq4(out[1]);
      break;
    case SOTTO_AFFINE1:
    case SOTTO_AFFINE2:
    case SOTTO_AFFINE3:
    case SOTTO_AFFINE5:
    case SOTTO_AFFINE6: {
      const int bits = format == SOTTO_AFFINE6   ? 6
                       : format == SOTTO_AFFINE5 ? 5
                       : format == SOTTO_AFFINE3 ? 3
                       : format == SOTTO_AFFINE2 ? 2
                                                 : 1;
      for (int i = 0; i < 2; i++) {
        pairs both = {spread_bits(p + 2 * i * bits, bits), spread_bits(p + (2 * i + 1) * bits, bits)};
        out[i] = (bytes)both;
      }
      break;
    }
    case SOTTO_AFFINE4: interleave(load(p), out); break;
    default: out[0] = load(p) ^ 128, out[1] = load(p + 16) ^ 128; break;
  }
}
