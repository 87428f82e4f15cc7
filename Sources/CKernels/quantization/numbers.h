// Rounding of float32 numbers to the smaller types, to the nearest with ties to even. Numbers that are too large become
// infinite, except in E4M3, where they become the largest.
#pragma once
#include "../matmul/product.h"

SOTTO_INLINE uint16_t sotto_bfloat_from_float(float x) {
  uint32_t bits = sotto_bits_from_float(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

SOTTO_INLINE uint16_t sotto_half_from_float(float x) {
  uint32_t bits = sotto_bits_from_float(x), sign = bits >> 16 & 0x8000;
  bits &= 0x7fffffff;
  if (bits >= 0x47800000) return (uint16_t)(sign | (bits > 0x7f800000 ? 0x7e00 : 0x7c00));
  // Subnormal results: the sum with 0.5 has an ulp of 2^-24, that of these numbers.
  if (bits < 0x38800000) {
    float shifted = sotto_float_from_bits(bits) + 0.5f;
    return (uint16_t)(sign | (sotto_bits_from_float(shifted) - 0x3f000000));
  }
  return (uint16_t)(sign | (bits + 0xc8000fff + (bits >> 13 & 1)) >> 13);
}

SOTTO_INLINE uint8_t sotto_e4m3_from_float(float x) {
  uint32_t bits = sotto_bits_from_float(x), sign = bits >> 24 & 0x80;
  bits &= 0x7fffffff;
  if (bits >= 0x43f00000) return (uint8_t)(sign | 0x7e);  // 480, where 512 would be the nearest
  // Subnormal results: the sum with 2^14 has an ulp of 2^-9.
  if (bits < 0x3c800000) {
    float shifted = sotto_float_from_bits(bits) + 0x1p14f;
    return (uint8_t)(sign | (sotto_bits_from_float(shifted) - 0x46800000));
  }
  return (uint8_t)(sign | (bits + 0xc407ffff + (bits >> 20 & 1)) >> 20);
}

/// The float32 number nearest to `x` that `type` has.
SOTTO_INLINE float sotto_rounded(float x, sotto_weight_format type) {
  if (type == SOTTO_BFLOAT16) return sotto_float_from_bfloat(sotto_bfloat_from_float(x));
  return type == SOTTO_FLOAT16 ? sotto_float_from_half(sotto_half_from_float(x)) : x;
}

/// Stores `x` as number `index` of a plane.
SOTTO_INLINE void sotto_store_float(void *plane, sotto_weight_format type, size_t index, float x) {
  if (type == SOTTO_FLOAT32) {
    __builtin_memcpy((uint8_t *)plane + 4 * index, &x, 4);
  } else {
    uint16_t bits = type == SOTTO_FLOAT16 ? sotto_half_from_float(x) : sotto_bfloat_from_float(x);
    __builtin_memcpy((uint8_t *)plane + 2 * index, &bits, 2);
  }
}
