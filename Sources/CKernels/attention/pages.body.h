// Reading and writing pages for one level: float16, 8 bits, expansion for tiles of many rows.
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
  // Rounds to nearest, ties to even.
  bits = (bits + 0xfff + ((bits >> 13) & 1)) >> 13;
  *(short16 *)p = __builtin_convertvector(bits | sign, short16);
#endif
}

typedef int8_t LEVEL(byte16) __attribute__((vector_size(16), aligned(1)));
vector_function v16 LEVEL(load_bytes)(const int8_t *p) {
  return __builtin_convertvector(*(const LEVEL(byte16) *)p, v16);
}

// Stores `count` numbers (at most 16) times 1 / scale as bytes, `stride` apart.
vector_function void LEVEL(store_bytes)(int8_t *p, ptrdiff_t stride, const float *x, ptrdiff_t count, float inverse) {
  v16 scaled = LEVEL(load_some)(x, count) * inverse;
  i16 whole;
  LEVEL(nearest)(LEVEL(maximum)(LEVEL(minimum)(scaled, LEVEL(all)(127.0f)), LEVEL(all)(-127.0f)), &whole);
  LEVEL(byte16) bytes = __builtin_convertvector(whole, LEVEL(byte16));
  for (ptrdiff_t i = 0; i < count; i++) p[i * stride] = bytes[i];
}

// The scale for storing `count` numbers as bytes, rounded to float16, and its inverse (0 for zeros).
vector_function float LEVEL(byte_scale)(const float *x, ptrdiff_t count, uint16_t *stored) {
  v16 top = LEVEL(all)(0);
  for (ptrdiff_t i = 0; i < count; i += 16) {
    v16 part = LEVEL(load_some)(x + i, count - i < 16 ? count - i : 16);
    top = LEVEL(maximum)(top, LEVEL(maximum)(part, -part));
  }
  uint16_t halves[16];
  LEVEL(store_half)(halves, LEVEL(all)(LEVEL(largest)(top) * (1.0f / 127)));
  *stored = halves[0];
  float scale = LEVEL(load_half)(halves)[0];
  return scale > 0 ? 1.0f / scale : 0;
}

// Stores a key (in `slot` of a page) and a value as bytes.
static void LEVEL(write_bytes)(const sotto_cache_layout *l, char *base, ptrdiff_t slot, const float *key,
                               const float *value) {
  char *group = base + slot / 16 * key_group_bytes(l);
  for (ptrdiff_t d = 0; d < l->head_size; d += SCALED_COLUMNS, group += KEY_BLOCK_BYTES) {
    ptrdiff_t count = l->head_size - d < SCALED_COLUMNS ? l->head_size - d : SCALED_COLUMNS;
    float inverse = LEVEL(byte_scale)(key + d, count, (uint16_t *)group + slot % 16);
    int8_t *columns = (int8_t *)group + 32 + slot % 16;
    for (ptrdiff_t i = 0; i < count; i += 16)
      LEVEL(store_bytes)(columns + 16 * i, 16, key + d + i, count - i < 16 ? count - i : 16, inverse);
  }
  if (l->shares_values) return;
  char *values = base + key_bytes(l);
  float inverse = LEVEL(byte_scale)(value, l->value_size, (uint16_t *)values + slot);
  int8_t *columns = (int8_t *)values + VALUE_SCALE_BYTES + slot * value_stride(l);
  for (ptrdiff_t i = 0; i < l->value_size; i += 16)
    LEVEL(store_bytes)(columns + i, 1, value + i, l->value_size - i < 16 ? l->value_size - i : 16, inverse);
}

static void LEVEL(write_rows)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const cache_write *w = arguments;
  const sotto_cache_layout *l = w->layout;
  ptrdiff_t padded = value_stride(l);
  for (ptrdiff_t row = first; row < last; row++) {
    ptrdiff_t position = w->first + row, slot = position % PAGE;
    for (ptrdiff_t head = 0; head < l->heads; head++) {
      char *base = (char *)w->pages[position / PAGE] + head * head_bytes(l);
      const float *key = w->key.data + row * w->key.stride + head * l->head_size;
      const float *value = w->value.data + row * w->value.stride + head * l->value_size;
      if (l->format == SOTTO_CACHE_I8) {
        LEVEL(write_bytes)(l, base, slot, key, value);
        continue;
      }
      ptrdiff_t key_start = slot / 16 * 16 * l->head_size + slot % 16;
      ptrdiff_t value_start = PAGE * l->head_size + slot * padded;
      if (l->format == SOTTO_CACHE_F32) {
        float *keys = (float *)base + key_start;
        for (ptrdiff_t d = 0; d < l->head_size; d++) keys[16 * d] = key[d];
        if (l->shares_values) continue;
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
      if (l->shares_values) continue;
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

// Columns d, d + 1, ... of 16 keys in 8 bits, as floats; `group` is the group's start.
vector_function v16 LEVEL(key_bytes_at)(const char *group, ptrdiff_t d) {
  const char *block = group + d / SCALED_COLUMNS * KEY_BLOCK_BYTES;
  v16 scales = LEVEL(load_half)((const uint16_t *)block);
  return LEVEL(load_bytes)((const int8_t *)block + 32 + d % SCALED_COLUMNS * 16) * scales;
}
// Keys and values in 8 bits as float32 numbers, in the same order; only keys if they contain the values.
static void LEVEL(expand_bytes)(const sotto_cache_layout *l, const char *keys, const char *values, float *key_output,
                                float *value_output) {
  ptrdiff_t stride = value_stride(l);
  for (ptrdiff_t g = 0; g < PAGE / 16; g++)
    for (ptrdiff_t d = 0; d < l->head_size; d++, key_output += 16)
      LEVEL(store)(key_output, LEVEL(key_bytes_at)(keys + g * key_group_bytes(l), d));
  if (l->shares_values) return;
  float scales[PAGE];
  LEVEL(expand)(scales, (const uint16_t *)values, PAGE);
  const int8_t *columns = (const int8_t *)values + VALUE_SCALE_BYTES;
  for (ptrdiff_t p = 0; p < PAGE; p++)
    for (ptrdiff_t c = 0; c < stride; c += 16, columns += 16, value_output += 16)
      LEVEL(store)(value_output, LEVEL(load_bytes)(columns) * scales[p]);
}

// The columns column ..< column + 16 of the values of 16 positions, from the keys of group `g` of a page's head that
// contain them: a vector for each position. Columns after the last value are zeros.
vector_function void LEVEL(values_in_keys)(const sotto_cache_layout *l, const char *head, ptrdiff_t g,
                                           ptrdiff_t column, v16 *x) {
  const char *group = head + g * key_group_bytes(l);
  for (ptrdiff_t i = 0; i < 16; i++) {
    ptrdiff_t d = column + i;
    if (d >= l->value_size)
      x[i] = LEVEL(all)(0);
    else if (l->format == SOTTO_CACHE_I8)
      x[i] = LEVEL(key_bytes_at)(group, d);
    else if (l->format == SOTTO_CACHE_F16)
      x[i] = LEVEL(load_half)((const uint16_t *)group + 16 * d);
    else
      x[i] = LEVEL(load)((const float *)group + 16 * d);
  }
  // Transposes by exchanging blocks of 8, 4, 2 and 1 numbers.
#define EXCHANGE(step, low, high)                         \
  for (ptrdiff_t i = 0; i < 16; i++) {                    \
    if (i & step) continue;                               \
    v16 a = x[i], b = x[i + step];                        \
    x[i] = __builtin_shufflevector(a, b, low);            \
    x[i + step] = __builtin_shufflevector(a, b, high);    \
  }
#define LIST(...) __VA_ARGS__
  EXCHANGE(8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
           LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  EXCHANGE(4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
           LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  EXCHANGE(2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
           LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  EXCHANGE(1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
           LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#undef LIST
#undef EXCHANGE
}

// The values of the first `groups` groups of 16 positions of a page's head, from the keys that contain them.
static void LEVEL(turn_values)(const sotto_cache_layout *l, const char *head, ptrdiff_t groups, float *values) {
  ptrdiff_t stride = value_stride(l);
  v16 x[16];
  for (ptrdiff_t g = 0; g < groups; g++)
    for (ptrdiff_t column = 0; column < stride; column += 16) {
      LEVEL(values_in_keys)(l, head, g, column, x);
      for (ptrdiff_t p = 0; p < 16; p++) LEVEL(store)(values + (16 * g + p) * stride + column, x[p]);
    }
}

#if LEVEL_AVX512
static const uint16_t LEVEL(pair_order)[32] __attribute__((aligned(64))) = {
    0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
    8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
// 16 pairs of bfloat16, each of a number of `a` and one of `b`, as operands of dpbf16.
vector_function void LEVEL(store_pairs)(uint32_t *output, v16 a, v16 b) {
  __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
  _mm512_storeu_si512(output, _mm512_permutexvar_epi16(_mm512_load_si512(LEVEL(pair_order)), both));
}
vector_function void LEVEL(store_half_pairs)(uint32_t *output, const uint16_t *a, const uint16_t *b) {
  LEVEL(store_pairs)(output, LEVEL(load_half)(a), LEVEL(load_half)(b));
}
// Keys and values of the first `groups` groups of 16 positions of a page's head as pairs: keys of two columns (an odd
// last column is paired with zeros) and values of two positions.
static void LEVEL(expand_pairs)(const sotto_cache_layout *l, const char *head, ptrdiff_t groups, uint32_t *keys,
                                uint32_t *values) {
  static const uint16_t zeros[16];
  ptrdiff_t size = l->head_size, stride = value_stride(l);
  const uint16_t *halves = (const uint16_t *)head;
  for (ptrdiff_t g = 0; g < groups; g++, halves += 16 * size) {
    for (ptrdiff_t d = 0; d + 1 < size; d += 2, keys += 16)
      LEVEL(store_half_pairs)(keys, halves + 16 * d, halves + 16 * d + 16);
    if (size % 2) LEVEL(store_half_pairs)(keys, halves + 16 * (size - 1), zeros), keys += 16;
  }
  if (l->shares_values) return;
  halves = (const uint16_t *)(head + key_bytes(l));
  for (ptrdiff_t p = 0; p < 8 * groups; p++, halves += 2 * stride)
    for (ptrdiff_t c = 0; c < stride; c += 16, values += 16)
      LEVEL(store_half_pairs)(values, halves + c, halves + stride + c);
}
// The same for keys and values in 8 bits.
static void LEVEL(expand_byte_pairs)(const sotto_cache_layout *l, const char *head, ptrdiff_t groups, uint32_t *keys,
                                     uint32_t *values) {
  ptrdiff_t size = l->head_size, stride = value_stride(l);
  for (ptrdiff_t g = 0; g < groups; g++)
    for (ptrdiff_t d = 0; d < size; d += 2, keys += 16) {
      const char *group = head + g * key_group_bytes(l);
      LEVEL(store_pairs)(keys, LEVEL(key_bytes_at)(group, d),
                         d + 1 < size ? LEVEL(key_bytes_at)(group, d + 1) : LEVEL(all)(0));
    }
  if (l->shares_values) return;
  float scales[PAGE];
  head += key_bytes(l);
  LEVEL(expand)(scales, (const uint16_t *)head, PAGE);
  const int8_t *columns = (const int8_t *)head + VALUE_SCALE_BYTES;
  for (ptrdiff_t p = 0; p < 16 * groups; p += 2, columns += 2 * stride)
    for (ptrdiff_t c = 0; c < stride; c += 16, values += 16)
      LEVEL(store_pairs)(values, LEVEL(load_bytes)(columns + c) * scales[p],
                         LEVEL(load_bytes)(columns + stride + c) * scales[p + 1]);
}
// Pairs of positions of the values that keys contain.
static void LEVEL(turn_pairs)(const sotto_cache_layout *l, const char *head, ptrdiff_t groups, uint32_t *values) {
  ptrdiff_t stride = value_stride(l);
  v16 x[16];
  for (ptrdiff_t g = 0; g < groups; g++)
    for (ptrdiff_t column = 0; column < stride; column += 16) {
      LEVEL(values_in_keys)(l, head, g, column, x);
      for (ptrdiff_t p = 0; p < 8; p++)
        LEVEL(store_pairs)(values + (8 * g + p) * stride + column, x[2 * p], x[2 * p + 1]);
    }
}
#endif
