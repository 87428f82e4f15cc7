// The scales of four rows of a weight, for few tokens with AVX2 and NEON.
#pragma once
#include "super_scales.h"
#include "unpack_vectors.h"

typedef int32_t integers __attribute__((vector_size(16)));

/// One token's block: the pack of a group of one token.
typedef struct {
  int8_t values[SOTTO_BLOCK];
  float scale;
  int32_t start, half;
  float sum;
} row_pack;
_Static_assert(sizeof(row_pack) == SOTTO_PACK_BYTES, "a pack of one token");

/// Four rows of the planes.
typedef struct {
  const uint8_t *values[4], *scales[4], *biases[4];
  const sotto_matrix *matrix;
} four_rows;

/// The scales and minimums of a block, one lane per row; the second ones are those of columns 16..31 if the format has
/// one for each half.
typedef struct {
  floats scale[2], minimum[2];
} four_scales;

/// What a super-block's scales are made of.
typedef struct {
  words scales[2], minimums[2];  // bytes of blocks 0..3 and 4..7
  words upper;                   // of the scales of Q3_K: two bits each
  floats d, dmin;
} super_words;

/// 32, 16 or 8 bits of every row, at `offset`.
SOTTO_VECTOR words words_at(const uint8_t *const p[4], size_t offset) {
  return (words){sotto_load32(p[0] + offset), sotto_load32(p[1] + offset), sotto_load32(p[2] + offset),
                 sotto_load32(p[3] + offset)};
}
SOTTO_VECTOR words halves_at(const uint8_t *const p[4], size_t offset) {
  return (words){sotto_load16(p[0] + offset), sotto_load16(p[1] + offset), sotto_load16(p[2] + offset),
                 sotto_load16(p[3] + offset)};
}
SOTTO_VECTOR words bytes_at(const uint8_t *const p[4], size_t offset) {
  return (words){p[0][offset], p[1][offset], p[2][offset], p[3][offset]};
}

SOTTO_VECTOR floats floats_of(words x) { return __builtin_convertvector((integers)x, floats); }

/// The float16 numbers in the low and in the high halves of the lanes.
SOTTO_VECTOR void both_halves(words x, floats *low, floats *high) {
#if defined(__x86_64__)
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  __m256 both = _mm256_cvtph_ps(_mm_shuffle_epi8((__m128i)x, order));
  *low = (floats)_mm256_castps256_ps128(both);
  *high = (floats)_mm256_extractf128_ps(both, 1);
#else
  *low = from_halves(x);
  *high = from_halves(x >> 16);
#endif
}
SOTTO_VECTOR floats low_halves(words x) {
  floats low, high;
  both_halves(x, &low, &high);
  return low;
}

/// Half of the E8M0 scales in the lanes (see sotto_half_of_e8m0).
SOTTO_VECTOR floats halves_of_e8m0(words x) {
  const integers least = {67, 67, 67, 67}, most = {187, 187, 187, 187};
  integers exponents = __builtin_elementwise_min(__builtin_elementwise_max((integers)x - 1, least), most);
  return (floats)(exponents << 23);
}

/// Numbers of an affine format's plane.
SOTTO_VECTOR floats plane_at(const uint8_t *const planes[4], sotto_weight_format type, size_t index) {
  if (type == SOTTO_FLOAT32) return (floats)words_at(planes, 4 * index);
  words x = halves_at(planes, 2 * index);
  return type == SOTTO_FLOAT16 ? low_halves(x) : (floats)(x << 16);
}

/// The scales of block `block`, whose bytes are at `at` of the rows.
SOTTO_VECTOR void take_scales(const four_rows *rows, size_t at, size_t block, const sotto_weight_format format,
                              four_scales *out) {
  if (format == SOTTO_MXFP4) {
    out->scale[0] = halves_of_e8m0(bytes_at(rows->values, at));
  } else if (format == SOTTO_MXFP4_PLANAR) {
    out->scale[0] = halves_of_e8m0(bytes_at(rows->scales, block));
  } else if (sotto_is_affine(format)) {
    const sotto_matrix *matrix = rows->matrix;
    const size_t index = block * SOTTO_BLOCK / matrix->group;
    out->scale[0] = plane_at(rows->scales, matrix->scale_type, index);
    out->minimum[0] = matrix->has_zero_points ? -floats_of(bytes_at(rows->biases, index)) * out->scale[0]
                                              : plane_at(rows->biases, matrix->scale_type, index);
    if (format == SOTTO_AFFINE8) out->minimum[0] += 128 * out->scale[0];
  } else {
    both_halves(words_at(rows->values, at), &out->scale[0], &out->minimum[0]);  // the minimum if the format has one
  }
}

/// What is common to the blocks of the super-block at `at`.
SOTTO_VECTOR void load_super(const four_rows *rows, size_t at, const sotto_weight_format format, super_words *out) {
  if (format == SOTTO_TQ2_0) {
    out->d = low_halves(halves_at(rows->values, at + 64));
    return;
  }
  if (format == SOTTO_Q6_K) {
    out->d = low_halves(halves_at(rows->values, at + 208));
    return;
  }
  if (format == SOTTO_Q2_K) {
    both_halves(words_at(rows->values, at + 80), &out->d, &out->dmin);
    return;
  }
  if (format == SOTTO_Q3_K) {
    out->d = low_halves(halves_at(rows->values, at + 108));
    out->upper = words_at(rows->values, at + 104);
    return;
  }
  words head = words_at(rows->values, at);
  both_halves(head, &out->d, &out->dmin);
  if (format == SOTTO_IQ4_XS) {
    out->scales[0] = words_at(rows->values, at + 4);
    out->scales[1] = head >> 16;
    return;
  }
  words a = words_at(rows->values, at + 4), b = words_at(rows->values, at + 8), c = words_at(rows->values, at + 12);
  out->scales[0] = a & 0x3f3f3f3f;
  out->scales[1] = (c & 0x0f0f0f0f) | (a >> 2 & 0x30303030);
  out->minimums[0] = b & 0x3f3f3f3f;
  out->minimums[1] = (c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030);
}

/// The scales of block `index` of a super-block.
SOTTO_VECTOR void take_super_scales(const four_rows *rows, size_t at, const super_words *in, size_t index,
                                    const sotto_weight_format format, four_scales *out) {
  const uint32_t shift = (uint32_t)(8 * (index % 4));
  if (format == SOTTO_TQ2_0) {
    out->scale[0] = in->d;
  } else if (format == SOTTO_Q6_K) {
    words both = halves_at(rows->values, at + 192 + 2 * index);
    out->scale[0] = in->d * __builtin_convertvector((integers)(both << 24) >> 24, floats);
    out->scale[1] = in->d * __builtin_convertvector((integers)(both << 16) >> 24, floats);
  } else if (format == SOTTO_Q2_K) {
    words both = halves_at(rows->values, at + 2 * index);
    out->scale[0] = in->d * floats_of(both & 15);
    out->minimum[0] = -in->dmin * floats_of(both >> 4 & 15);
    out->scale[1] = in->d * floats_of(both >> 8 & 15);
    out->minimum[1] = -in->dmin * floats_of(both >> 12);
  } else if (format == SOTTO_Q3_K) {
    // Sixteen numbers of six bits: nibbles of eight bytes, then the upper bits in four bytes.
    words low = halves_at(rows->values, at + 96 + 2 * (index % 4)) >> (uint32_t)(index / 4 * 4);
    words high = in->upper >> (uint32_t)(16 * (index % 2) + index / 2 * 2);
    words first = (low & 15) | (high & 3) << 4, second = (low >> 8 & 15) | (high >> 8 & 3) << 4;
    out->scale[0] = in->d * __builtin_convertvector((integers)first - 32, floats);
    out->scale[1] = in->d * __builtin_convertvector((integers)second - 32, floats);
  } else if (format == SOTTO_IQ4_XS) {
    words scale = (in->scales[0] >> (uint32_t)(4 * index) & 15) | (in->scales[1] >> (uint32_t)(2 * index) & 3) << 4;
    out->scale[0] = in->d * __builtin_convertvector((integers)scale - 32, floats);
  } else {
    out->scale[0] = in->d * floats_of(in->scales[index / 4] >> shift & 255);
    out->minimum[0] = -in->dmin * floats_of(in->minimums[index / 4] >> shift & 255);
  }
}
