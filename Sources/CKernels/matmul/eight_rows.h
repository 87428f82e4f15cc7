// What the products of 8 rows with AVX2 and with AVX-VNNI do alike: scales and minimums of a block.
#pragma once
#include <immintrin.h>

#include "methods.h"

/// `sum` + `product` of a block or half of one, times the rows' `scales` and the token's `scale`.
SOTTO_INLINE SOTTO_TARGET_AVX2 __m256 sotto_add_scaled(__m256 sum, __m256i product, __m256 scales, float scale) {
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), _mm256_mul_ps(scales, _mm256_set1_ps(scale)), sum);
}

/// `sum` + the minimums of 8 rows (from `half` on) times the sums of a token's block: `start`, `before` and `total` are
/// the token's in a pack (see `sotto_store_pack`).
SOTTO_INLINE SOTTO_TARGET_AVX2 __m256 sotto_add_minimums(__m256 sum, const sotto_panel_block *panel, size_t half,
                                                         const sotto_panel_kind kind, float scale, int32_t start,
                                                         int32_t before, float total) {
  if (kind == SOTTO_MINIMUMS)
    sum = _mm256_fmadd_ps(_mm256_load_ps(panel->minimum[0] + half), _mm256_set1_ps(total), sum);
  if (kind == SOTTO_HALF_MINIMUMS) {
    // The sums in a pack are times -128.
    __m256 low = _mm256_set1_ps((float)before * -0x1p-7f * scale);
    __m256 high = _mm256_set1_ps((float)(start - before) * -0x1p-7f * scale);
    sum = _mm256_fmadd_ps(_mm256_load_ps(panel->minimum[0] + half), low, sum);
    sum = _mm256_fmadd_ps(_mm256_load_ps(panel->minimum[1] + half), high, sum);
  }
  return sum;
}
