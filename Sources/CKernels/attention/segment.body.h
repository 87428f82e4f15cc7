// One segment for one level: its query rows against its pages, with an online softmax.
//
// Scores are exponents of 2. Weights are relative to a base that is updated only when a score exceeds it by 2^8, so
// that rows are rarely rescaled and float32 does not overflow.

// The scaled query: row by row of the sequence, and for each row the heads of the group.
static void LEVEL(pack_query)(const sotto_attention *a, const segment *s, ptrdiff_t padded, int pairs, void *output) {
  ptrdiff_t group = group_heads(a), size = a->layout.head_size, depth = pairs ? (size + 1) / 2 : size;
  float scale = a->softcap > 0 ? a->scale : a->scale * 0x1.715476p0f;
  for (ptrdiff_t r = 0; r < padded; r++) {
    float *row = (float *)output + r * depth;
    if (r >= s->rows * group) {
      memset(row, 0, (size_t)depth * sizeof(float));
      continue;
    }
    const float *query = a->query.data + (s->sequence->row + s->row + r / group) * a->query.stride +
                         (s->head * group + r % group) * size;
#if LEVEL_AVX512
    if (pairs) {
      for (ptrdiff_t d = 0; d < size; d += 32) {
        ptrdiff_t first = size - d < 16 ? size - d : 16, second = size - d - 16 < 16 ? size - d - 16 : 16;
        __m512 low = (__m512)(LEVEL(load_some)(query + d, first) * scale), high = _mm512_setzero_ps();
        if (second > 0) high = (__m512)(LEVEL(load_some)(query + d + 16, second) * scale);
        __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
        ptrdiff_t left = depth - d / 2 < 16 ? depth - d / 2 : 16;
        _mm512_mask_storeu_epi32(row + d / 2, (__mmask16)((1u << left) - 1), both);
      }
      continue;
    }
#endif
    for (ptrdiff_t d = 0; d < size; d++) row[d] = query[d] * scale;
  }
}

// Converts a row's scores in the groups [group, last_group) to weights; those outside [low, high) become 0. If the
// values have scales, the stored weights are multiplied by them.
vector_function void LEVEL(weigh)(float *scores, ptrdiff_t group, ptrdiff_t last_group, ptrdiff_t low, ptrdiff_t high,
                                  float softcap, float *base, float *totals, float *sums, ptrdiff_t stride,
                                  const uint16_t *value_scales) {
  v16 x[4], top = LEVEL(all)(-__builtin_inff());
  for (ptrdiff_t g = group; g < last_group; g++) {
    x[g] = LEVEL(load)(scores + 16 * g);
    if (softcap > 0) x[g] = softcap * 0x1.715476p0f * LEVEL(tanh)(x[g] / softcap);
    if (low > 16 * g || high < 16 * g + 16) {
      i16 place = LEVEL(iota)() + (int32_t)(16 * g);
      x[g] = LEVEL(select)((place >= (int32_t)low) & (place < (int32_t)high), x[g], LEVEL(all)(-__builtin_inff()));
    }
    top = LEVEL(maximum)(top, x[g]);
  }
  float reference = *base;
#if LEVEL_AVX512
  int exceeds = _mm512_cmp_ps_mask((__m512)top, _mm512_set1_ps(reference + BASE_SLACK), _CMP_GT_OQ) != 0;
#else
  int exceeds = LEVEL(largest)(top) > reference + BASE_SLACK;
#endif
  v16 total = LEVEL(load)(totals);
  if (exceeds) {
    float raised = LEVEL(largest)(top);
    float factor = LEVEL(exp2_weight)(LEVEL(all)(reference - raised))[0];
    *base = reference = raised;
    total *= factor;
    for (ptrdiff_t c = 0; c < stride; c += 16) LEVEL(store)(sums + c, LEVEL(load)(sums + c) * factor);
  }
  for (ptrdiff_t g = group; g < last_group; g++) {
    x[g] = LEVEL(exp2_weight)(x[g] - reference);
    total += x[g];
    if (value_scales) x[g] *= LEVEL(load_half)(value_scales + 16 * g);
    LEVEL(store)(scores + 16 * g, x[g]);
  }
  LEVEL(store)(totals, total);
}

// All rows of a segment against one page, a register tile at a time.
static void LEVEL(attend_page)(const sotto_attention *a, const segment *s, const workspace *w, ptrdiff_t page,
                               ptrdiff_t padded, int kind, const char *keys, const char *values, const char *next) {
  const sotto_sequence *sequence = s->sequence;
  ptrdiff_t group = group_heads(a), stride = value_stride(&a->layout), rows = s->rows * group;
  const uint16_t *value_scales = kind == OPERAND_I8 ? (const uint16_t *)values : NULL;
  if (value_scales) values += VALUE_SCALE_BYTES;
  ptrdiff_t depth = a->layout.head_size;
  // The distance of the first query row's position from the page's first position.
  ptrdiff_t ahead = sequence->length - sequence->rows + s->row - (sequence->origin + page * PAGE);
  ptrdiff_t tiles = (padded + TILE_ROWS - 1) / TILE_ROWS, tile_rows = (padded + tiles - 1) / tiles;
  float scores[TILE_ROWS * PAGE] __attribute__((aligned(64)));
  for (ptrdiff_t r = 0; r < padded; r += tile_rows) {
    int count = (int)(padded - r < tile_rows ? padded - r : tile_rows);
    ptrdiff_t first = r / group, last = (r + count - 1 < rows ? r + count - 1 : rows - 1) / group;
    if (first >= s->rows) break;
    // The first position that the tile's first row sees, and the end of those that its last row sees.
    ptrdiff_t low = a->window ? ahead + first - a->window + 1 : 0, high = ahead + last + 1;
    if (low < 0) low = 0;
    if (high > PAGE) high = PAGE;
    if (low >= high) continue;
    ptrdiff_t first_group = low / 16, last_group = (high + 15) / 16;
    LEVEL(tile) tile = LEVEL(tile_for)(count, kind);
    tile.scores((const float *)w->query + r * depth, keys, depth, first_group, last_group, values, scores);
    for (int i = 0; i < count; i++) {
      ptrdiff_t row = (r + i < rows ? r + i : rows - 1) / group;
      ptrdiff_t seen = a->window ? ahead + row - a->window + 1 : 0;
      float *base = w->bases + r + i, *totals = w->totals + (r + i) * 16, *sums = w->sums + (r + i) * stride;
      // Constant bounds for a whole page, so that its scores stay in registers.
      if (first_group == 0 && last_group == PAGE / 16)
        LEVEL(weigh)(scores + i * PAGE, 0, PAGE / 16, seen, ahead + row + 1, a->softcap, base, totals, sums, stride,
                     value_scales);
      else
        LEVEL(weigh)(scores + i * PAGE, first_group, last_group, seen, ahead + row + 1, a->softcap, base, totals,
                     sums, stride, value_scales);
    }
    tile.values(scores, values, stride, 16 * first_group, high, next, w->sums + r * stride);
  }
}

// The pages first ..< last of a segment.
static void LEVEL(attend_part)(const sotto_attention *a, const segment *s, const workspace *w, ptrdiff_t padded,
                               int many, int pairs, ptrdiff_t first, ptrdiff_t last) {
  const sotto_cache_layout *l = &a->layout;
  ptrdiff_t stride = value_stride(l), size = l->head_size;
  int half = l->format == SOTTO_CACHE_F16, bytes = l->format == SOTTO_CACHE_I8;
  int kind = half && !many ? OPERAND_F16 : bytes && !many ? OPERAND_I8 : OPERAND_F32;
  (void)pairs;
  memset(w->sums, 0, (size_t)(padded * stride) * sizeof(float));
  memset(w->totals, 0, (size_t)padded * 16 * sizeof(float));
  for (ptrdiff_t r = 0; r < padded; r++) w->bases[r] = -1e30f;
  for (ptrdiff_t page = first; page < last; page++) {
    const char *keys = (const char *)s->sequence->pages[page] + s->head * head_bytes(l);
    const char *values = keys + key_bytes(l);
    const char *next = page + 1 < s->last_page ? (const char *)s->sequence->pages[page + 1] : keys;
    if (page + 1 < s->last_page) next += s->head * head_bytes(l);
#if LEVEL_AVX512
    if (pairs) {
      LEVEL(pair_up)(a, s, w, page, keys);
      if (w->uses_amx)
        LEVEL(attend_page_in_tiles)(a, s, w, page, next);
      else
        LEVEL(attend_page_in_pairs)(a, s, w, page, padded, next);
      continue;
    }
#endif
    if (kind == OPERAND_F32 && bytes) {
      LEVEL(expand_bytes)(l, keys, values, (float *)w->keys, (float *)w->values);
    } else if (kind == OPERAND_F32 && half) {
      LEVEL(expand)((float *)w->keys, (const uint16_t *)keys, PAGE * size);
      if (!l->shares_values) LEVEL(expand)((float *)w->values, (const uint16_t *)values, PAGE * stride);
    }
    int expanded = (half && kind != OPERAND_F16) || (bytes && kind != OPERAND_I8);
    const char *page_values = expanded ? w->values : values;
    if (l->shares_values) {
      LEVEL(turn_values)(l, keys, PAGE / 16, (float *)w->values);
      page_values = w->values;
    }
    LEVEL(attend_page)(a, s, w, page, padded, kind, expanded ? w->keys : keys, page_values, next);
  }
}

// Copies the sums, the total and the base of every row.
static void LEVEL(store_part)(const workspace *w, ptrdiff_t rows, ptrdiff_t stride, float *result) {
  memcpy(result, w->sums, (size_t)(rows * stride) * sizeof(float));
  for (ptrdiff_t r = 0; r < rows; r++) {
    result[rows * stride + r] = LEVEL(sum)(LEVEL(load)(w->totals + 16 * r));
    result[rows * (stride + 1) + r] = w->bases[r];
  }
}

// Adds the sums, the total and the base of another part to those of a row. The order of the parts affects the result.
vector_function void LEVEL(add_part)(float *sums, float *total, float *base, const float *other, float other_total,
                                     float other_base, ptrdiff_t stride) {
  float top = *base > other_base ? *base : other_base;
  float factor = LEVEL(exp2_weight)(LEVEL(all)(*base - top))[0];
  float other_factor = LEVEL(exp2_weight)(LEVEL(all)(other_base - top))[0];
  *total = *total * factor + other_total * other_factor;
  *base = top;
  for (ptrdiff_t c = 0; c < stride; c += 16)
    LEVEL(store)(sums + c, LEVEL(load)(sums + c) * factor + LEVEL(load)(other + c) * other_factor);
}

static void LEVEL(attend_segment)(const sotto_attention *a, const segment *s, const workspace *w) {
  const sotto_cache_layout *l = &a->layout;
  ptrdiff_t rows = s->rows * group_heads(a), stride = value_stride(l);
  // Values that are columns of the keys have to be transposed, so their pages are expanded for few rows as well.
  int many = rows > FEW_ROWS || l->shares_values || a->prompt;
  int pairs = l->format != SOTTO_CACHE_F32 && many && a->rounded && LEVEL_ISA == SOTTO_ISA_AVX512;
  ptrdiff_t padded = many ? padded_rows(a, s->rows) : rows;
  if (pairs && w->uses_amx) padded = round_up(rows, AMX_ROWS);
  LEVEL(pack_query)(a, s, padded, pairs, w->query);
  for (ptrdiff_t page = s->first_page, end; page < s->last_page; page = end) {
    end = part_end(s, page);
    LEVEL(attend_part)(a, s, w, padded, many, pairs, page, end);
    if (page == s->first_page) {
      LEVEL(store_part)(w, rows, stride, w->whole);
      continue;
    }
    for (ptrdiff_t r = 0; r < rows; r++)
      LEVEL(add_part)(w->whole + r * stride, w->whole + rows * stride + r, w->whole + rows * (stride + 1) + r,
                      w->sums + r * stride, LEVEL(sum)(LEVEL(load)(w->totals + 16 * r)), w->bases[r], stride);
  }
}

// Divides the sums of a row by its total and stores them in the output. A sink is a score without a value.
vector_function void LEVEL(finish_row)(const sotto_attention *a, const segment *s, ptrdiff_t r, const float *sums,
                                       float total, float base) {
  ptrdiff_t group = group_heads(a), size = a->layout.value_size;
  float *output = a->output + ((s->sequence->row + s->row + r / group) * a->heads + s->head * group + r % group) * size;
  float factor = 1.0f;
  if (a->sinks) {
    float sink = a->sinks[s->head * group + r % group] * 0x1.715476p0f, top = base > sink ? base : sink;
    factor = LEVEL(exp2_weight)(LEVEL(all)(base - top))[0];
    total = total * factor + LEVEL(exp2_weight)(LEVEL(all)(sink - top))[0];
  }
  factor /= total;
  ptrdiff_t c = 0;
  for (; c + 16 <= size; c += 16) LEVEL(store)(output + c, LEVEL(load)(sums + c) * factor);
  if (c < size) LEVEL(store_some)(output + c, LEVEL(load)(sums + c) * factor, size - c);
}

// Stores a segment's result: the output if it is the only segment of its group, otherwise a partial result.
static void LEVEL(write_segment)(const sotto_attention *a, const segment *s, const workspace *w) {
  ptrdiff_t rows = s->rows * group_heads(a), stride = value_stride(&a->layout);
  if (s->partial) {
    memcpy(s->partial, w->whole, (size_t)(rows * (stride + 2)) * sizeof(float));
    return;
  }
  const float *totals = w->whole + rows * stride, *bases = totals + rows;
  for (ptrdiff_t r = 0; r < rows; r++) LEVEL(finish_row)(a, s, r, w->whole + r * stride, totals[r], bases[r]);
}

// Combines the partial results of a group's segments, in the memory of the first one.
static void LEVEL(combine)(const sotto_attention *a, const segment *parts, ptrdiff_t count) {
  ptrdiff_t rows = parts->rows * group_heads(a), stride = value_stride(&a->layout);
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *sums = parts->partial + r * stride;
    float total = parts->partial[rows * stride + r], base = parts->partial[rows * (stride + 1) + r];
    for (ptrdiff_t i = 1; i < count; i++) {
      const float *part = parts[i].partial;
      LEVEL(add_part)(sums, &total, &base, part + r * stride, part[rows * stride + r],
                      part[rows * (stride + 1) + r], stride);
    }
    LEVEL(finish_row)(a, parts, r, sums, total, base);
  }
}
