// What is prefetched while something else is computed: the bytes of rows, a share at a time, in memory order.
#pragma once
#include "product.h"

/// A range of memory for each plane, prefetched in steps of `step` bytes.
typedef struct {
  const uint8_t *next[3], *end[3];
  size_t step[3], planes;
} sotto_lookahead;

SOTTO_INLINE void sotto_look_at(sotto_lookahead *ahead, const uint8_t *plane, size_t row_bytes, size_t row,
                                size_t rows, size_t shares) {
  if (!plane) return;
  ahead->next[ahead->planes] = plane + row * row_bytes;
  ahead->end[ahead->planes] = plane + (row + rows) * row_bytes;
  ahead->step[ahead->planes++] = rows * row_bytes / shares + 1;
}

/// At most `rows` rows of a matrix from `row` on, in `shares` shares.
SOTTO_INLINE sotto_lookahead sotto_look_ahead(const sotto_view *view, size_t row, size_t rows, size_t shares) {
  sotto_lookahead ahead = {.planes = 0};
  if (rows > view->rows - row) rows = view->rows - row;
  sotto_look_at(&ahead, view->values, view->row_bytes, row, rows, shares);
  sotto_look_at(&ahead, view->scales, view->scale_row_bytes, row, rows, shares);
  sotto_look_at(&ahead, view->biases, view->bias_row_bytes, row, rows, shares);
  return ahead;
}

/// Prefetches the next share.
SOTTO_INLINE void sotto_prefetch(sotto_lookahead *ahead) {
  for (size_t i = 0; i < ahead->planes; i++) {
    const uint8_t *p = ahead->next[i], *end = ahead->end[i];
    if ((size_t)(end - p) > ahead->step[i]) end = p + ahead->step[i];
    for (; p < end; p += 64) __builtin_prefetch(p, 0, 2);
    ahead->next[i] = p < ahead->end[i] ? p : ahead->end[i];
  }
}
