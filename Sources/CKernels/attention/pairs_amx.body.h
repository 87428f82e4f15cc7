// Many query rows against a page with AMX: as in pairs.body.h, 16 rows at a time.
#if LEVEL_AVX512
// The exponents of 16 rows' weights, from their scores: without the bases, and masked.
static void LEVEL(settle_tile)(const LEVEL(row_tile) *t, ptrdiff_t vectors, int plain,
                               float (*scores)[PAGE]) {
  int is_relative = t->attention->softcap <= 0;
  __mmask16 exceeds = 0;
  for (int r = 0; r < AMX_ROWS; r++) {
    v16 base = LEVEL(all)(is_relative && t->bases[r] != LEVEL(UNSET) ? t->bases[r] : 0);
    __m512 top = _mm512_set1_ps(LEVEL(UNSET));
    for (ptrdiff_t v = 0; v < vectors; v++) {
      v16 x = LEVEL(load)(scores[r] + 16 * v) - base;
      LEVEL(store)(scores[r] + 16 * v, x);
      top = _mm512_max_ps(top, (__m512)x);
    }
    exceeds |= _mm512_cmp_ps_mask(top, _mm512_set1_ps(BASE_SLACK), _CMP_GT_OQ);
  }
  if (!plain || exceeds) LEVEL(settle)(t, AMX_ROWS, vectors, *scores);
}

// Weights of 16 rows for `vectors` (a multiple of 2) groups of 16 positions, and their sums.
vector_function void LEVEL(weigh_rows)(const LEVEL(row_tile) *t, ptrdiff_t vectors, float (*scores)[PAGE],
                                       uint32_t (*weights)[PAGE / 2]) {
  for (int r = 0; r < AMX_ROWS; r++) {
    v16 total = LEVEL(load)(t->totals + 16 * r);
    for (ptrdiff_t v = 0; v < vectors; v += 2) {
      v16 first = LEVEL(exp2_roughly)(LEVEL(load)(scores[r] + 16 * v));
      v16 second = LEVEL(exp2_roughly)(LEVEL(load)(scores[r] + 16 * v + 16));
      total += first;
      total += second;
      _mm512_storeu_si512(weights[r] + 8 * v, (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first));
    }
    LEVEL(store)(t->totals + 16 * r, total);
  }
}

// Sets the values of the positions from `length` to the end of a page to zero: their weights are not, quite.
static void LEVEL(clear_values)(uint32_t *values, ptrdiff_t stride, ptrdiff_t length) {
  if (length % 2) {
    uint32_t *last = values + length / 2 * stride;
    for (ptrdiff_t c = 0; c < stride; c++) last[c] &= 0xffff;
    length++;
  }
  if (length < PAGE) memset(values + length / 2 * stride, 0, (size_t)((PAGE - length) / 2 * stride) * 4);
}

// All rows of a segment against one page whose pairs are in the workspace. Prefetches the next page meanwhile.
static void LEVEL(attend_page_in_tiles)(const sotto_attention *a, const segment *s, const workspace *w, ptrdiff_t page,
                                        const char *next) {
  const sotto_cache_layout *l = &a->layout;
  ptrdiff_t group = group_heads(a), rows = s->rows * group, stride = value_stride(l), depth = l->head_size / 2;
  ptrdiff_t start = s->sequence->origin + page * PAGE, length = s->sequence->length - start;
  ptrdiff_t ahead = length - s->sequence->rows + s->row;
  const uint32_t *keys = (const uint32_t *)w->keys, *values = (const uint32_t *)w->values;
  if (length < PAGE) LEVEL(clear_values)((uint32_t *)w->values, stride, length);
  ptrdiff_t share = head_bytes(l) * AMX_ROWS / round_up(rows, AMX_ROWS);
  for (ptrdiff_t r = 0; r < rows; r += AMX_ROWS, next += share) {
    LEVEL(fetch)(next, share);
    ptrdiff_t end = r + AMX_ROWS < rows ? r + AMX_ROWS : rows;
    ptrdiff_t first = ahead + r / group, last = ahead + (end - 1) / group;
    ptrdiff_t low = a->window ? first - a->window + 1 : 0, high = last + 1;
    if (low < 0) low = 0;
    if (high > PAGE) high = PAGE;
    if (low >= high) continue;
    // Whole steps of 32 positions.
    ptrdiff_t first_group = low / 32 * 2, last_group = (high + 31) / 32 * 2, vectors = last_group - first_group;
    LEVEL(row_tile) tile = {a, r, ahead - 16 * first_group, (const uint32_t *)w->query + r * depth,
                            keys + first_group * 16 * depth, w->bases + r, w->totals + 16 * r, w->sums + r * stride};
    int plain = a->softcap <= 0 && end == r + AMX_ROWS && first + 1 >= 16 * last_group &&
                (!a->window || last - a->window < 16 * first_group);
    for (int i = 0; i < AMX_ROWS; i++) plain &= tile.bases[i] != LEVEL(UNSET);
    float scores[AMX_ROWS][PAGE] __attribute__((aligned(64)));
    uint32_t weights[AMX_ROWS][PAGE / 2] __attribute__((aligned(64)));
    sotto_score_tiles(tile.query, depth, tile.keys, vectors, scores);
    LEVEL(settle_tile)(&tile, vectors, plain, scores);
    LEVEL(weigh_rows)(&tile, vectors, scores, weights);
    sotto_value_tiles(weights, values + 8 * first_group * stride, 16 * vectors, stride, tile.sums);
  }
}
#endif
