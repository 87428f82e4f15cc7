// Products of small float32 matrices in the cache, for one level.
#ifndef DELTA_PRODUCT
#define DELTA_PRODUCT
/// out[r] = factors[r * factor_step] * start[r] + the sum over d < depth of a[r * a_row + d * a_step] * b[d].
/// `start` may be NULL (zeros) and `out` itself; `factors` may be NULL (ones).
typedef struct {
  const float *a;
  ptrdiff_t a_row, a_step;
  const float *b;
  ptrdiff_t b_stride, depth;
  const float *start, *factors;
  ptrdiff_t factor_step;  // 0 if all rows have the same factor
  float *out;
  ptrdiff_t stride;  // of start and out
} delta_product;
#endif

// The tile of PRODUCT_ROWS rows and 16 * vectors columns. With `solves`, the columns of `a` after `depth` hold a
// strictly lower triangle L, and the tile becomes the solution x of x = tile + L x.
vector_function void LEVEL(product_tile)(int vectors, int solves, const delta_product *p, ptrdiff_t row,
                                         ptrdiff_t column) {
  v16 sums[PRODUCT_ROWS][PRODUCT_VECTORS];
  const float *a = p->a + row * p->a_row, *b = p->b + column;
  ptrdiff_t offset = row * p->stride + column, a_row = p->a_row, a_step = p->a_step;
  unrolled for (int r = 0; r < PRODUCT_ROWS; r++) unrolled for (int v = 0; v < vectors; v++) {
    sums[r][v] = LEVEL(all)(0);
    if (p->start) sums[r][v] = LEVEL(load)(p->start + offset + r * p->stride + 16 * v);
    if (p->factors) sums[r][v] *= p->factors[(row + r) * p->factor_step];
  }
  for (ptrdiff_t d = 0; d < p->depth; d++) {
    v16 x[PRODUCT_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) x[v] = LEVEL(load)(b + d * p->b_stride + 16 * v);
    unrolled for (int r = 0; r < PRODUCT_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
        sums[r][v] += x[v] * a[r * a_row + d * a_step];
  }
  if (solves)
    unrolled for (int r = 1; r < PRODUCT_ROWS; r++) unrolled for (int d = 0; d < PRODUCT_ROWS; d++)
      if (d < r)
        unrolled for (int v = 0; v < vectors; v++) sums[r][v] += sums[d][v] * a[r * a_row + (p->depth + d) * a_step];
  unrolled for (int r = 0; r < PRODUCT_ROWS; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(p->out + offset + r * p->stride + 16 * v, sums[r][v]);
}

// `rows` and `columns` are multiples of PRODUCT_ROWS and 16. A panel of b is used for all rows while it is in the
// cache.
static void LEVEL(multiply)(const delta_product *p, ptrdiff_t rows, ptrdiff_t columns) {
  ptrdiff_t column = 0;
  for (; column + 16 * PRODUCT_VECTORS <= columns; column += 16 * PRODUCT_VECTORS)
    for (ptrdiff_t row = 0; row < rows; row += PRODUCT_ROWS) LEVEL(product_tile)(PRODUCT_VECTORS, 0, p, row, column);
  for (; column < columns; column += 16)
    for (ptrdiff_t row = 0; row < rows; row += PRODUCT_ROWS) LEVEL(product_tile)(1, 0, p, row, column);
}

// Solves PRODUCT_ROWS rows of the unit lower triangular system in place; all rows before them are solved.
static void LEVEL(solve)(const delta_product *p, ptrdiff_t columns) {
  ptrdiff_t column = 0;
  for (; column + 16 * PRODUCT_VECTORS <= columns; column += 16 * PRODUCT_VECTORS)
    LEVEL(product_tile)(PRODUCT_VECTORS, 1, p, 0, column);
  for (; column < columns; column += 16) LEVEL(product_tile)(1, 1, p, 0, column);
}
