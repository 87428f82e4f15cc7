// Many query rows against a page, for processors with dot products of bfloat16 pairs.
//
// A page is converted to pairs once for all rows of a segment. A register tile of rows is multiplied with the keys,
// converted to weights in registers, and multiplied with the values. Its sums start with minus the rows' bases, so
// the results are the exponents of the weights.
#if LEVEL_AVX512
static const float LEVEL(UNSET) = -1e30f;  // base of a row without scores, score of a masked position

vector_function v16 LEVEL(multiply_pairs)(v16 sum, uint32_t pair, v16 x) {
  return (v16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32((int)pair), (__m512bh)x);
}

// 2^x to 1e-4 for weights that are then rounded to bfloat16; about 2^-126 for x of -126 and less. scalef is not used,
// since it would take as long as two multiplications.
vector_function v16 LEVEL(exp2_roughly)(v16 x) {
  x = (v16)_mm512_max_ps((__m512)x, _mm512_set1_ps(-126.0f));
  // The integer ends up in the low bits.
  v16 shifted = x + 0x1.8p23f, r = x - (shifted - 0x1.8p23f);
  v16 p = r * 0x1.c3f760p-5f + 0x1.f0de1cp-3f;
  p = p * r + 0x1.62f31ap-1f;
  p = p * r + 0x1.fff692p-1f;
  return (v16)((i16)p + ((i16)shifted << 23));
}

// A register tile: its first row within the segment, and some groups of 16 positions of a page.
typedef struct {
  const sotto_attention *attention;
  ptrdiff_t row;    // within the segment, with all heads of the group
  ptrdiff_t ahead;  // distance of the segment's first position from that of the first group
  const uint32_t *query, *keys;
  float *bases, *totals, *sums;
} LEVEL(row_tile);

// The rare work on a tile's scores: applies the softcap, masks what a row does not see, and raises bases.
static void LEVEL(settle)(const LEVEL(row_tile) *t, ptrdiff_t rows, ptrdiff_t vectors, float *scores) {
  const sotto_attention *a = t->attention;
  ptrdiff_t group = group_heads(a), stride = value_stride(&a->layout);
  ptrdiff_t place = t->ahead + t->row / group, head = t->row % group;
  for (ptrdiff_t r = 0; r < rows; r++, scores += PAGE) {
    float base = t->bases[r];
    int unset = base == LEVEL(UNSET), all_seen = place + 1 >= 16 * vectors && (!a->window || place < a->window);
    __m512 top = _mm512_set1_ps(LEVEL(UNSET));
    for (ptrdiff_t v = 0; v < vectors; v++) {
      v16 x = LEVEL(load)(scores + 16 * v);
      if (a->softcap > 0) x = a->softcap * 0x1.715476p0f * LEVEL(tanh)(x / a->softcap) - (unset ? 0 : base);
      if (!all_seen) {
        i16 behind = (int32_t)(place - 16 * v) - LEVEL(iota)();
        i16 seen = (behind >= 0) & (behind < (int32_t)(a->window ? a->window : INT32_MAX));
        x = LEVEL(select)(seen, x, LEVEL(all)(LEVEL(UNSET)));
      }
      top = _mm512_max_ps(top, (__m512)x);
      LEVEL(store)(scores + 16 * v, x);
    }
    // The next row is the next head of the same position. Rows after the last only pad the tile.
    if (++head == group) head = 0, place++;
    if (!_mm512_cmp_ps_mask(top, _mm512_set1_ps(unset ? LEVEL(UNSET) : BASE_SLACK), _CMP_GT_OQ)) continue;
    float raised = _mm512_reduce_max_ps(top);
    for (ptrdiff_t v = 0; v < vectors; v++) LEVEL(store)(scores + 16 * v, LEVEL(load)(scores + 16 * v) - raised);
    t->bases[r] = unset ? raised : base + raised;
    if (unset) continue;  // its sums are negligible
    float factor = LEVEL(exp2_weight)(LEVEL(all)(-raised))[0];
    float *totals = t->totals + 16 * r, *sums = t->sums + r * stride;
    LEVEL(store)(totals, LEVEL(load)(totals) * factor);
    for (ptrdiff_t c = 0; c < stride; c += 16) LEVEL(store)(sums + c, LEVEL(load)(sums + c) * factor);
  }
}

// weights[r][16 v + lanes] of a tile for 16 * `vectors` keys, and their sums in `totals`. `plain`: all rows see all
// of these keys and have a base, and scores have no softcap.
vector_function void LEVEL(weigh_tile)(int vectors, const LEVEL(row_tile) *t, int plain, uint32_t *weights) {
  ptrdiff_t depth = (t->attention->layout.head_size + 1) / 2;
  v16 x[TILE_ROWS][TILE_VECTORS];
  unrolled for (int r = 0; r < TILE_ROWS; r++) {
    v16 start = LEVEL(all)(t->attention->softcap > 0 || t->bases[r] == LEVEL(UNSET) ? 0 : -t->bases[r]);
    unrolled for (int v = 0; v < vectors; v++) x[r][v] = start;
  }
  for (ptrdiff_t d = 0; d < depth; d++) {
    v16 key[TILE_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) key[v] = (v16)_mm512_loadu_si512(t->keys + (v * depth + d) * 16);
    unrolled for (int r = 0; r < TILE_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
        x[r][v] = LEVEL(multiply_pairs)(x[r][v], t->query[r * depth + d], key[v]);
  }
  __mmask16 exceeds = 0;
  unrolled for (int r = 0; r < TILE_ROWS; r++) {
    __m512 top = (__m512)x[r][0];
    unrolled for (int v = 1; v < vectors; v++) top = _mm512_max_ps(top, (__m512)x[r][v]);
    exceeds |= _mm512_cmp_ps_mask(top, _mm512_set1_ps(BASE_SLACK), _CMP_GT_OQ);
  }
  if (!plain || exceeds) {
    float scores[TILE_ROWS * PAGE];
    unrolled for (int r = 0; r < TILE_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
        LEVEL(store)(scores + r * PAGE + 16 * v, x[r][v]);
    LEVEL(settle)(t, TILE_ROWS, vectors, scores);
    unrolled for (int r = 0; r < TILE_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
        x[r][v] = LEVEL(load)(scores + r * PAGE + 16 * v);
  }
  unrolled for (int r = 0; r < TILE_ROWS; r++) {
    v16 total = LEVEL(load)(t->totals + 16 * r);
    unrolled for (int v = 0; v < vectors; v++) {
      x[r][v] = LEVEL(exp2_roughly)(x[r][v]);
      total += x[r][v];
    }
    LEVEL(store)(t->totals + 16 * r, total);
    unrolled for (int v = 0; v < vectors; v += 2) {
      __m512 second = v + 1 < vectors ? (__m512)x[r][v + 1] : _mm512_setzero_ps();
      _mm512_storeu_si512(weights + r * (PAGE / 2) + 8 * v, (__m512i)_mm512_cvtne2ps_pbh(second, (__m512)x[r][v]));
    }
  }
}

// sums[r][16 v + lanes] += the sum over `count` pairs p of weights[r][p] * values[p][16 v + lanes].
vector_function void LEVEL(add_values)(int vectors, const uint32_t *weights, const uint32_t *values, ptrdiff_t count,
                                       ptrdiff_t stride, float *sums) {
  v16 x[TILE_ROWS][TILE_VECTORS];
  unrolled for (int r = 0; r < TILE_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
      x[r][v] = LEVEL(load)(sums + r * stride + 16 * v);
  for (ptrdiff_t p = 0; p < count; p++) {
    v16 value[TILE_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) value[v] = (v16)_mm512_loadu_si512(values + p * stride + 16 * v);
    unrolled for (int r = 0; r < TILE_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
        x[r][v] = LEVEL(multiply_pairs)(x[r][v], weights[r * (PAGE / 2) + p], value[v]);
  }
  unrolled for (int r = 0; r < TILE_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(sums + r * stride + 16 * v, x[r][v]);
}

// Prefetches into the L2 cache.
vector_function void LEVEL(fetch)(const char *lines, ptrdiff_t bytes) {
  for (ptrdiff_t i = 0; i < bytes; i += 64) __builtin_prefetch(lines + i, 0, 2);
}

// The pairs of a page's head, of positions in whole groups of 16.
static void LEVEL(pair_up)(const sotto_attention *a, const segment *s, const workspace *w, ptrdiff_t page,
                           const char *head) {
  const sotto_cache_layout *l = &a->layout;
  ptrdiff_t length = s->sequence->length - (s->sequence->origin + page * PAGE);
  ptrdiff_t groups = length < PAGE ? (length + 15) / 16 : PAGE / 16;
  uint32_t *keys = (uint32_t *)w->keys, *values = (uint32_t *)w->values;
  if (l->format == SOTTO_CACHE_I8)
    LEVEL(expand_byte_pairs)(l, head, groups, keys, values);
  else
    LEVEL(expand_pairs)(l, head, groups, keys, values);
  if (l->shares_values) LEVEL(turn_pairs)(l, head, groups, values);
}

// What the rows of a tile see of a page.
typedef struct {
  LEVEL(row_tile) rows;
  ptrdiff_t first_group, vectors;  // the groups of 16 positions
  ptrdiff_t high;                  // the end of the positions that the last row sees
  int plain;                       // all rows see all positions of the groups, and scores have no softcap
} LEVEL(page_tile);

// The tile of `count` rows from row `r` of a segment, with whole steps of `step` groups of 16 positions; false if the
// rows see nothing of the page.
vector_function int LEVEL(tile_of_page)(const sotto_attention *a, const segment *s, const workspace *w, ptrdiff_t page,
                                        ptrdiff_t r, ptrdiff_t count, ptrdiff_t step, LEVEL(page_tile) *tile) {
  const sotto_sequence *sequence = s->sequence;
  ptrdiff_t group = group_heads(a), rows = s->rows * group, depth = (a->layout.head_size + 1) / 2;
  // The distance of the first query row's position from the page's first position.
  ptrdiff_t ahead = sequence->length - (sequence->origin + page * PAGE) - sequence->rows + s->row;
  // What the first and the last row see: positions [0, high] and [low, ...].
  ptrdiff_t first = ahead + r / group, last = ahead + (r + count < rows ? r + count - 1 : rows - 1) / group;
  ptrdiff_t low = a->window ? first - a->window + 1 : 0, high = last + 1;
  if (low < 0) low = 0;
  if (high > PAGE) high = PAGE;
  if (low >= high) return 0;
  ptrdiff_t width = 16 * step, first_group = low / width * step, last_group = (high + width - 1) / width * step;
  *tile = (LEVEL(page_tile)){
      .rows = {a, r, ahead - 16 * first_group, (const uint32_t *)w->query + r * depth,
               (const uint32_t *)w->keys + first_group * 16 * depth, w->bases + r, w->totals + 16 * r,
               w->sums + r * value_stride(&a->layout)},
      .first_group = first_group,
      .vectors = last_group - first_group,
      .high = high,
      .plain = a->softcap <= 0 && first + 1 >= 16 * last_group &&
               (!a->window || last - a->window < 16 * first_group)};
  return 1;
}

// All rows of a segment against one page whose pairs are in the workspace, a register tile at a time. Prefetches the
// next page meanwhile.
static void LEVEL(attend_page_in_pairs)(const sotto_attention *a, const segment *s, const workspace *w, ptrdiff_t page,
                                        ptrdiff_t padded, const char *next) {
  ptrdiff_t rows = s->rows * group_heads(a), stride = value_stride(&a->layout);
  ptrdiff_t share = head_bytes(&a->layout) * TILE_ROWS / padded;
  for (ptrdiff_t r = 0; r < rows; r += TILE_ROWS, next += share) {
    // The next page is prefetched in two bursts per tile: more lines at once would stall.
    LEVEL(fetch)(next, share / 2);
    LEVEL(page_tile) tile;
    if (!LEVEL(tile_of_page)(a, s, w, page, r, TILE_ROWS, 1, &tile)) continue;
    int plain = tile.plain && tile.rows.bases[TILE_ROWS - 1] != LEVEL(UNSET);
    uint32_t weights[TILE_ROWS * PAGE / 2] __attribute__((aligned(64)));
#define WEIGH(n) case n: LEVEL(weigh_tile)(n, &tile.rows, plain, weights); break
    switch (tile.vectors) {
      WEIGH(1);
      WEIGH(2);
      WEIGH(3);
      WEIGH(4);
    }
#undef WEIGH
    LEVEL(fetch)(next + share / 2, share / 2);
    const uint32_t *value = (const uint32_t *)w->values + 8 * tile.first_group * stride;
    ptrdiff_t count = (tile.high + 1) / 2 - 8 * tile.first_group;
#define ADD(n) LEVEL(add_values)(n, weights, value + column, count, stride, tile.rows.sums + column); break
    for (ptrdiff_t column = 0; column < stride; column += 16 * TILE_VECTORS)
      switch ((stride - column) / 16) {
        case 1: ADD(1);
        case 2: ADD(2);
        case 3: ADD(3);
        default: ADD(4);
      }
#undef ADD
  }
}
#endif
