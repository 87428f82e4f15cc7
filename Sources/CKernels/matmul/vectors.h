// What the AVX2 and NEON decoders have in common: steps in 16-byte vectors of the compiler.
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

/// 255 in the bytes whose bit of the lower 16 of `bits` is set.
SOTTO_VECTOR bytes mask_of_bits(uint32_t bits) {
  const bytes mask = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  pairs spread = {(bits & 255) * 0x0101010101010101u, (bits >> 8 & 255) * 0x0101010101010101u};
  return (bytes)(((bytes)spread & mask) != 0);
}

/// 16 in the bytes whose bit of `bits` is set.
SOTTO_VECTOR bytes fifth_bits(uint32_t bits) { return mask_of_bits(bits) & 16; }

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

/// Half of the unsigned E4M3 numbers in the low bytes of the lanes (see sotto_half_of_ue4m3).
SOTTO_VECTOR floats halves_of_ue4m3(words x) {
  words magnitude = x & 127, is_small = (words)(magnitude < 8), is_zero = (words)((x & 255) == 127);
  words normal = (magnitude << 20) + (119u << 23);
  words small = (words)((floats)((magnitude << 20) + (120u << 23)) - 0x1p-7f);
  return (floats)(((small & is_small) | (normal & ~is_small)) & ~is_zero);
}
