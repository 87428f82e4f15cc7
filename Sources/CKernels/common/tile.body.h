// A register tile of a matrix product, for one level.
#include "tile_size.h"

#define unrolled _Pragma("clang loop unroll(full)")
#define tile_sums LEVEL(tile_sums_of)
typedef v16 tile_sums[TILE_ROWS][TILE_VECTORS];

// sums[r][v] += sum over k < depth of a[r][k] * b[k][16 v + lanes]; rows and vectors are constants after inlining.
vector_function void LEVEL(multiply_tile)(const int rows, const int vectors, tile_sums sums, const float *a,
                                          ptrdiff_t a_stride, const float *b, ptrdiff_t b_stride, ptrdiff_t depth) {
  for (ptrdiff_t k = 0; k < depth; k++) {
    v16 x[TILE_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) x[v] = LEVEL(load)(b + k * b_stride + 16 * v);
    unrolled for (int r = 0; r < rows; r++) {
      float factor = a[r * a_stride + k];
      unrolled for (int v = 0; v < vectors; v++) sums[r][v] += x[v] * factor;
    }
  }
}

// Calls `tile`(rows, vectors, ..., row, vector) for all `row_count` rows and `vector_count` vectors.
#define FOR_TILES(tile, row_count, vector_count, ...)                                                        \
  do {                                                                                                       \
    ptrdiff_t row_ = 0;                                                                                      \
    for (; row_ + TILE_ROWS <= (row_count); row_ += TILE_ROWS)                                               \
      FOR_VECTORS(tile, TILE_ROWS, row_, vector_count, __VA_ARGS__);                                         \
    for (; TILE_ROWS > 2 && row_ + 2 <= (row_count); row_ += 2)                                              \
      FOR_VECTORS(tile, 2, row_, vector_count, __VA_ARGS__);                                                 \
    if (row_ < (row_count)) FOR_VECTORS(tile, 1, row_, vector_count, __VA_ARGS__);                           \
  } while (0)
#define FOR_VECTORS(tile, rows, row, vector_count, ...)                                                      \
  do {                                                                                                       \
    ptrdiff_t vector_ = 0;                                                                                   \
    for (; vector_ + TILE_VECTORS <= (vector_count); vector_ += TILE_VECTORS)                                \
      tile(rows, TILE_VECTORS, __VA_ARGS__, row, vector_);                                                   \
    for (; TILE_VECTORS > 1 && vector_ < (vector_count); vector_++) tile(rows, 1, __VA_ARGS__, row, vector_); \
  } while (0)
