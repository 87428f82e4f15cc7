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
  ptrdiff_t rows = s->rows * group_heads(a), stride = value_stride(&a->layout), depth = a->layout.head_size / 2;
  ptrdiff_t length = s->sequence->length - (s->sequence->origin + page * PAGE);
  uint32_t *values = (uint32_t *)w->values;
  if (length < PAGE) LEVEL(clear_values)(values, stride, length);
  ptrdiff_t share = head_bytes(&a->layout) * AMX_ROWS / round_up(rows, AMX_ROWS);
  for (ptrdiff_t r = 0; r < rows; r += AMX_ROWS, next += share) {
    LEVEL(fetch)(next, share);
    LEVEL(page_tile) tile;
    // Whole steps of 32 positions.
    if (!LEVEL(tile_of_page)(a, s, w, page, r, AMX_ROWS, 2, &tile)) continue;
    int plain = tile.plain && r + AMX_ROWS <= rows;
    for (int i = 0; i < AMX_ROWS; i++) plain &= tile.rows.bases[i] != LEVEL(UNSET);
    float scores[AMX_ROWS][PAGE] __attribute__((aligned(64)));
    uint32_t weights[AMX_ROWS][PAGE / 2] __attribute__((aligned(64)));
    sotto_score_tiles(tile.rows.query, depth, tile.rows.keys, tile.vectors, scores);
    LEVEL(settle_tile)(&tile.rows, tile.vectors, plain, scores);
    LEVEL(weigh_rows)(&tile.rows, tile.vectors, scores, weights);
    sotto_value_tiles(weights, values + 8 * tile.first_group * stride, 16 * tile.vectors, stride, tile.rows.sums);
  }
}
#endif
