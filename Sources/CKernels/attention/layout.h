// The layout of a page, and the workspace of a thread.
#pragma once
#include <stdint.h>

#include "attention.h"

enum {
  PAGE = SOTTO_PAGE_POSITIONS,
  MOST_TILE_ROWS = 6,   // rows of the largest register tile of any level
  AMX_ROWS = 16,        // query rows of AMX's tiles
  FEW_ROWS = 12,        // up to this number a page is read once or twice, and numbers are converted when read
  MOST_ROWS = 192,      // query rows times heads of a group that share one pass over the pages
  BASE_SLACK = 8,       // a weight may reach 2^8 before its row is rescaled
  SCALED_COLUMNS = 32,  // columns of a key in 8 bits that share a scale
  KEY_BLOCK_BYTES = 16 * 2 + 16 * SCALED_COLUMNS,  // their 16 scales and the columns themselves
  VALUE_SCALE_BYTES = PAGE * 2,
};

static inline ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t step) { return (x + step - 1) / step * step; }
static inline ptrdiff_t value_stride(const sotto_cache_layout *l) { return round_up(l->value_size, 16); }
static inline ptrdiff_t number_bytes(const sotto_cache_layout *l) {
  return l->format == SOTTO_CACHE_F32 ? 4 : l->format == SOTTO_CACHE_F16 ? 2 : 1;
}
/// Numbers of one head in a page.
static inline ptrdiff_t head_numbers(const sotto_cache_layout *l) {
  return PAGE * (l->head_size + value_stride(l));
}

/// Bytes of the keys of 16 positions of one head, of all 64, of the values, and of both.
static inline ptrdiff_t key_group_bytes(const sotto_cache_layout *l) {
  ptrdiff_t scales = l->format == SOTTO_CACHE_I8 ? (l->head_size + SCALED_COLUMNS - 1) / SCALED_COLUMNS * 32 : 0;
  return 16 * l->head_size * number_bytes(l) + scales;
}
static inline ptrdiff_t key_bytes(const sotto_cache_layout *l) { return PAGE / 16 * key_group_bytes(l); }
static inline ptrdiff_t value_bytes(const sotto_cache_layout *l) {
  if (l->shares_values) return 0;
  return PAGE * value_stride(l) * number_bytes(l) + (l->format == SOTTO_CACHE_I8 ? VALUE_SCALE_BYTES : 0);
}
static inline ptrdiff_t head_bytes(const sotto_cache_layout *l) { return key_bytes(l) + value_bytes(l); }

/// Rows to be written to pages.
typedef struct {
  const sotto_cache_layout *layout;
  void *const *pages;
  ptrdiff_t first;
  sotto_rows key, value;
} cache_write;

/// A tile of query rows with all query heads of one key-value head, over a range of pages.
typedef struct {
  const sotto_sequence *sequence;
  ptrdiff_t row, rows;  // within the sequence's query rows
  ptrdiff_t head;       // the key-value head
  ptrdiff_t first_page, last_page;
  ptrdiff_t step;  // pages of the parts that are summed separately, which start at multiples of it; 0 for one part
  ptrdiff_t group;
  float *partial;  // NULL if the segment is its group's only one
} segment;

/// The segments of one tile and head. The thread that finishes the last of them combines their results.
typedef struct {
  _Atomic int left;
  ptrdiff_t first, count;
} segment_group;

/// One thread's workspace.
typedef struct {
  void *query;    // [rows][head_size] float32, or [rows][head_size / 2] pairs of bfloat16
  float *sums;    // [rows][value_stride]: the weighted values so far
  float *totals;  // [rows][16]: the weights so far, in 16 parts
  float *bases;   // [rows]: the exponent (of 2) that weights are relative to
  float *whole;   // the result of the parts so far, as a partial result
  char *keys, *values;  // a page's head, expanded
  int uses_amx;         // where numbers may be rounded and rows are many
} workspace;

static inline ptrdiff_t group_heads(const sotto_attention *a) { return a->heads / a->layout.heads; }
/// Rows of a tile in scratch: with all heads of the group, rounded up to whole register tiles.
static inline ptrdiff_t padded_rows(const sotto_attention *a, ptrdiff_t rows) {
  return round_up(rows * group_heads(a), MOST_TILE_ROWS);
}
/// The page after the part that `page` is in, of the pages of a segment.
static inline ptrdiff_t part_end(const segment *s, ptrdiff_t page) {
  if (!s->step) return s->last_page;
  ptrdiff_t before = s->sequence->origin / PAGE, end = round_up(before + page + 1, s->step) - before;
  return end < s->last_page ? end : s->last_page;
}
/// A segment's partial result: sums, then totals (one number per row), then bases.
static inline ptrdiff_t partial_numbers(const sotto_attention *a, ptrdiff_t tile_rows) {
  return tile_rows * group_heads(a) * (value_stride(&a->layout) + 2);
}
