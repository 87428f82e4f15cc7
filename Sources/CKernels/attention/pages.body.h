// Reading and writing pages for one level: float16, expansion for tiles of many rows.
vector_function v16 LEVEL(load_half)(const uint16_t *p) {
#if LEVEL_AVX512
  return (v16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif LEVEL_AVX2
  __m256 a = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
  __m256 b = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)));
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif LEVEL_NEON
  typedef __fp16 half16 __attribute__((vector_size(32), aligned(2)));
  return __builtin_convertvector(*(const half16 *)p, v16);
#else
  typedef uint16_t short16 __attribute__((vector_size(32), aligned(2)));
  i16 x = __builtin_convertvector(*(const short16 *)p, i16);
  // The multiplication normalises subnormal numbers; infinities are never stored.
  v16 magnitude = (v16)((x & 0x7fff) << 13) * 0x1p112f;
  return (v16)((i16)magnitude | (x & 0x8000) << 16);
#endif
}

vector_function void LEVEL(store_half)(uint16_t *p, v16 x) {
  x = LEVEL(maximum)(LEVEL(minimum)(x, LEVEL(all)(65504.0f)), LEVEL(all)(-65504.0f));
#if LEVEL_AVX512
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
#elif LEVEL_AVX2
  __m256 a = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
  __m256 b = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(b, _MM_FROUND_TO_NEAREST_INT));
#elif LEVEL_NEON
  typedef __fp16 half16 __attribute__((vector_size(32), aligned(2)));
  *(half16 *)p = __builtin_convertvector(x, half16);
#else
  typedef uint16_t short16 __attribute__((vector_size(32), aligned(2)));
  i16 sign = ((i16)x >> 16) & 0x8000;
  i16 bits = (i16)((v16)((i16)x & 0x7fffffff) * 0x1p-112f);
  // To the nearest, ties to even.
  bits = (bits + 0xfff + ((bits >> 13) & 1)) >> 13;
  *(short16 *)p = __builtin_convertvector(bits | sign, short16);
#endif
}

static void LEVEL(write_rows)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const cache_write *w = arguments;
  const sotto_cache_layout *l = w->layout;
  ptrdiff_t padded = value_stride(l);
  for (ptrdiff_t row = first; row < last; row++) {
    ptrdiff_t position = w->first + row, slot = position % PAGE;
    for (ptrdiff_t head = 0; head < l->heads; head++) {
      char *base = (char *)w->pages[position / PAGE] + head * head_numbers(l) * number_bytes(l);
      const float *key = w->key.data + row * w->key.stride + head * l->head_size;
      const float *value = w->value.data + row * w->value.stride + head * l->value_size;
      ptrdiff_t key_start = slot / 16 * 16 * l->head_size + slot % 16;
      ptrdiff_t value_start = PAGE * l->head_size + slot * padded;
      if (l->format == SOTTO_CACHE_F32) {
        float *keys = (float *)base + key_start;
        for (ptrdiff_t d = 0; d < l->head_size; d++) keys[16 * d] = key[d];
        memcpy((float *)base + value_start, value, (size_t)l->value_size * sizeof(float));
        continue;
      }
      uint16_t *keys = (uint16_t *)base + key_start, *values = (uint16_t *)base + value_start;
      for (ptrdiff_t d = 0; d < l->head_size; d += 16) {
        ptrdiff_t count = l->head_size - d < 16 ? l->head_size - d : 16;
        uint16_t halves[16];
        LEVEL(store_half)(halves, LEVEL(load_some)(key + d, count));
        for (ptrdiff_t i = 0; i < count; i++) keys[16 * (d + i)] = halves[i];
      }
      for (ptrdiff_t d = 0; d < l->value_size; d += 16) {
        ptrdiff_t count = l->value_size - d < 16 ? l->value_size - d : 16;
        LEVEL(store_half)(values + d, LEVEL(load_some)(value + d, count));
      }
    }
  }
}

vector_function void LEVEL(expand)(float *output, const uint16_t *halves, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i += 16) LEVEL(store)(output + i, LEVEL(load_half)(halves + i));
}

#if LEVEL_AVX512
// Rows of numbers (of 16 * `vectors` columns) in pairs: two rows become one of bfloat16 pairs, as dpbf16 takes them.
// An odd last row is paired with zeros.
vector_function void LEVEL(expand_pairs)(uint32_t *output, const uint16_t *halves, ptrdiff_t rows,
                                         ptrdiff_t columns) {
  static const uint16_t order[32] __attribute__((aligned(64))) = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  __m512i interleave = _mm512_load_si512(order);
  for (ptrdiff_t row = 0; row < rows; row += 2)
    for (ptrdiff_t i = 0; i < columns; i += 16, output += 16) {
      const uint16_t *p = halves + row * columns + i;
      __m512 a = (__m512)LEVEL(load_half)(p);
      __m512 b = row + 1 < rows ? (__m512)LEVEL(load_half)(p + columns) : _mm512_setzero_ps();
      __m512i both = (__m512i)_mm512_cvtne2ps_pbh(b, a);
      _mm512_storeu_si512(output, _mm512_permutexvar_epi16(interleave, both));
    }
}
#endif
