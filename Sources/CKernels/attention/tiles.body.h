// Register tiles for one level: scores of a few query rows with 16 or 64 keys, and sums of as many values.
//
// Every function is inlined with constant `rows`, `vectors` and `kind`, so that its accumulators are registers.
//
// The type of the operands.
#ifndef OPERAND_KINDS
#define OPERAND_KINDS
enum { OPERAND_F32, OPERAND_F16, OPERAND_I8 };
static inline ptrdiff_t operand_bytes(int kind) { return kind == OPERAND_I8 ? 1 : kind == OPERAND_F16 ? 2 : 4; }
#endif

#define unrolled _Pragma("clang loop unroll(full)")

// Numbers of 16 lanes at index `i` of `p`; float16 numbers become float32.
vector_function v16 LEVEL(operand)(const void *p, ptrdiff_t i, int kind) {
  if (kind == OPERAND_F16) return LEVEL(load_half)((const uint16_t *)p + i);
  if (kind == OPERAND_I8) return LEVEL(load_bytes)((const int8_t *)p + i);
  return LEVEL(load)((const float *)p + i);
}

// Pages are read once, in pieces that the hardware prefetcher does not predict. While one piece is multiplied, the
// cache lines of the next one (of the same size, at `next`) are prefetched.
vector_function void LEVEL(ask_for)(const char *next, ptrdiff_t i, int vectors, int kind) {
  ptrdiff_t bytes = 16 * vectors * operand_bytes(kind);
  for (ptrdiff_t line = 0; line < bytes; line += 64) __builtin_prefetch(next + i * bytes + line);
}

// scores[r][16 v ...] = sum over d of query[r][d] * keys[v][d][16 lanes], for `depth` numbers d.
vector_function void LEVEL(score_tile)(int rows, int vectors, int kind, const float *query, const void *keys,
                                       ptrdiff_t depth, const char *next, float *scores) {
  v16 sums[TILE_ROWS][TILE_VECTORS];
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++) sums[r][v] = LEVEL(all)(0);
  for (ptrdiff_t d = 0; d < depth; d++) {
    v16 x[TILE_VECTORS];
    LEVEL(ask_for)(next, d, vectors, kind);
    unrolled for (int v = 0; v < vectors; v++) x[v] = LEVEL(operand)(keys, (v * depth + d) * 16, kind);
    unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
        sums[r][v] += x[v] * query[r * depth + d];
  }
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(scores + r * PAGE + 16 * v, sums[r][v]);
}

// sums[r][16 v ...] += sum over p of weights[r][p] * values[p][16 v + lanes], p from `first` to `last`.
vector_function void LEVEL(value_tile)(int rows, int vectors, int kind, const float *weights, const void *values,
                                       ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last, const char *next,
                                       float *output) {
  v16 sums[TILE_ROWS][TILE_VECTORS];
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      sums[r][v] = LEVEL(load)(output + r * stride + 16 * v);
  for (ptrdiff_t p = first; p < last; p++) {
    v16 x[TILE_VECTORS];
    LEVEL(ask_for)(next, p, vectors, kind);
    unrolled for (int v = 0; v < vectors; v++) x[v] = LEVEL(operand)(values, p * stride + 16 * v, kind);
    unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
        sums[r][v] += x[v] * weights[r * PAGE + p];
  }
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(output + r * stride + 16 * v, sums[r][v]);
}

// The same for keys in 8 bits: the 16 positions' scales precede every 32 columns.
vector_function void LEVEL(score_byte_tile)(int rows, int vectors, const float *query, const char *keys,
                                            ptrdiff_t depth, ptrdiff_t group_bytes, const char *next, float *scores) {
  v16 sums[TILE_ROWS][TILE_VECTORS];
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++) sums[r][v] = LEVEL(all)(0);
  for (ptrdiff_t start = 0; start < depth; start += SCALED_COLUMNS, keys += KEY_BLOCK_BYTES) {
    v16 scales[TILE_VECTORS];
    unrolled for (int v = 0; v < vectors; v++)
        scales[v] = LEVEL(load_half)((const uint16_t *)(keys + v * group_bytes));
    ptrdiff_t end = start + SCALED_COLUMNS < depth ? start + SCALED_COLUMNS : depth;
    for (ptrdiff_t d = start; d < end; d++) {
      v16 x[TILE_VECTORS];
      LEVEL(ask_for)(next, d, vectors, OPERAND_I8);
      unrolled for (int v = 0; v < vectors; v++) x[v] =
          LEVEL(load_bytes)((const int8_t *)keys + v * group_bytes + 32 + (d - start) * 16) * scales[v];
      unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
          sums[r][v] += x[v] * query[r * depth + d];
    }
  }
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(scores + r * PAGE + 16 * v, sums[r][v]);
}

// A page's scores from `group` to `last_group`, in the widest tiles that fit.
vector_function void LEVEL(scores_of)(int rows, int kind, const float *query, const char *keys, ptrdiff_t depth,
                                      ptrdiff_t group, ptrdiff_t last_group, const char *next, float *scores) {
  if (kind == OPERAND_I8) {
    ptrdiff_t bytes = 16 * depth + (depth + SCALED_COLUMNS - 1) / SCALED_COLUMNS * 32;
    for (; group + TILE_VECTORS <= last_group; group += TILE_VECTORS)
      LEVEL(score_byte_tile)(rows, TILE_VECTORS, query, keys + group * bytes, depth, bytes, next + group * bytes,
                             scores + 16 * group);
    for (; group < last_group; group++)
      LEVEL(score_byte_tile)(rows, 1, query, keys + group * bytes, depth, bytes, next + group * bytes,
                             scores + 16 * group);
    return;
  }
  ptrdiff_t bytes = 16 * depth * operand_bytes(kind);
  for (; group + TILE_VECTORS <= last_group; group += TILE_VECTORS)
    LEVEL(score_tile)(rows, TILE_VECTORS, kind, query, keys + group * bytes, depth, next + group * bytes,
                      scores + 16 * group);
  for (; group < last_group; group++)
    LEVEL(score_tile)(rows, 1, kind, query, keys + group * bytes, depth, next + group * bytes, scores + 16 * group);
}
vector_function void LEVEL(values_of)(int rows, int kind, const float *weights, const char *values,
                                      ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last, const char *next,
                                      float *output) {
  ptrdiff_t column = 0, bytes = operand_bytes(kind);
  for (; column + 16 * TILE_VECTORS <= stride; column += 16 * TILE_VECTORS)
    LEVEL(value_tile)(rows, TILE_VECTORS, kind, weights, values + column * bytes, stride, first, last,
                      next + PAGE * column * bytes, output + column);
  for (; column < stride; column += 16)
    LEVEL(value_tile)(rows, 1, kind, weights, values + column * bytes, stride, first, last,
                      next + PAGE * column * bytes, output + column);
}

// One function for each number of rows.
#define TILES(rows, kind, name)                                                                                    \
  static void LEVEL(scores_##name)(const float *query, const char *keys, ptrdiff_t depth, ptrdiff_t group,         \
                                   ptrdiff_t last_group, const char *next, float *scores) {                        \
    LEVEL(scores_of)(rows, kind, query, keys, depth, group, last_group, next, scores);                             \
  }                                                                                                                \
  static void LEVEL(values_##name)(const float *weights, const char *values, ptrdiff_t stride, ptrdiff_t first,    \
                                   ptrdiff_t last, const char *next, float *output) {                              \
    LEVEL(values_of)(rows, kind, weights, values, stride, first, last, next, output);                              \
  }
TILES(1, OPERAND_F32, f32_1)
TILES(2, OPERAND_F32, f32_2)
TILES(1, OPERAND_F16, f16_1)
TILES(2, OPERAND_F16, f16_2)
TILES(1, OPERAND_I8, i8_1)
TILES(2, OPERAND_I8, i8_2)
#if TILE_ROWS > 2
TILES(3, OPERAND_F32, f32_3)
TILES(4, OPERAND_F32, f32_4)
TILES(5, OPERAND_F32, f32_5)
TILES(6, OPERAND_F32, f32_6)
TILES(3, OPERAND_F16, f16_3)
TILES(4, OPERAND_F16, f16_4)
TILES(5, OPERAND_F16, f16_5)
TILES(6, OPERAND_F16, f16_6)
TILES(3, OPERAND_I8, i8_3)
TILES(4, OPERAND_I8, i8_4)
TILES(5, OPERAND_I8, i8_5)
TILES(6, OPERAND_I8, i8_6)
#endif
#undef TILES

typedef struct {
  void (*scores)(const float *, const char *, ptrdiff_t, ptrdiff_t, ptrdiff_t, const char *, float *);
  void (*values)(const float *, const char *, ptrdiff_t, ptrdiff_t, ptrdiff_t, const char *, float *);
} LEVEL(tile);

#define TILE(name) {LEVEL(scores_##name), LEVEL(values_##name)}
#if TILE_ROWS > 2
static const LEVEL(tile) LEVEL(tiles)[3][TILE_ROWS] = {
    {TILE(f32_1), TILE(f32_2), TILE(f32_3), TILE(f32_4), TILE(f32_5), TILE(f32_6)},
    {TILE(f16_1), TILE(f16_2), TILE(f16_3), TILE(f16_4), TILE(f16_5), TILE(f16_6)},
    {TILE(i8_1), TILE(i8_2), TILE(i8_3), TILE(i8_4), TILE(i8_5), TILE(i8_6)}};
#else
static const LEVEL(tile) LEVEL(tiles)[3][TILE_ROWS] = {
    {TILE(f32_1), TILE(f32_2)}, {TILE(f16_1), TILE(f16_2)}, {TILE(i8_1), TILE(i8_2)}};
#endif

vector_function LEVEL(tile) LEVEL(tile_for)(int rows, int kind) {
  return LEVEL(tiles)[kind][rows - 1];
}
#undef TILE
