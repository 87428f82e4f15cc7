// The loops of a product with AMX; see amx.h.
#if defined(__x86_64__)
#include "amx.h"

/// Prefetches the bytes of blocks `first` ..< `first` + `blocks` of rows, a share of the rows at a time: rows are far
/// apart in memory, and what is read of one is short.
typedef struct {
  const sotto_view *view;
  size_t row, rows, first, blocks;
} ahead;

static void prefetch_plane(const ahead *next, const uint8_t *plane, size_t row_bytes, size_t row, size_t end) {
  if (!plane) return;
  size_t blocks = sotto_block_count(next->view->columns);
  size_t from = next->first * row_bytes / blocks, to = (next->first + next->blocks) * row_bytes / blocks;
  for (; row < end; row++)
    for (size_t at = from; at < to; at += 64) __builtin_prefetch(plane + row * row_bytes + at, 0, 2);
}

static void prefetch(const ahead *next, size_t share, size_t shares) {
  if (!next->view) return;
  size_t row = next->row + next->rows * share / shares, end = next->row + next->rows * (share + 1) / shares;
  prefetch_plane(next, next->view->values, next->view->row_bytes, row, end);
  prefetch_plane(next, next->view->scales, next->view->scale_row_bytes, row, end);
  prefetch_plane(next, next->view->biases, next->view->bias_row_bytes, row, end);
}

static size_t rows_of(const sotto_view *view, size_t item) {
  size_t left = view->rows - item * SOTTO_AMX_ROWS;
  return left < SOTTO_AMX_ROWS ? left : SOTTO_AMX_ROWS;
}

/// Stores the results of `tiles` tiles of rows from `row` on and of `groups` groups from `group` on.
static void store(const sotto_run_shape *shape, const sotto_product *product, size_t row, size_t tiles, size_t group,
                  size_t groups, const sotto_amx_sums (*sums)[2]) {
  for (size_t i = 0; i < tiles; i++, row += SOTTO_TILE) {
    size_t left = product->view.rows - row, rows = left < SOTTO_TILE ? left : SOTTO_TILE;
    float bias[SOTTO_TILE] = {0};
    if (product->bias)
      for (size_t r = 0; r < rows; r++) bias[r] = sotto_float_at(product->bias, product->bias_format, row + r);
    for (size_t g = group; g < group + groups; g++) {
      size_t start = g * SOTTO_AMX_TOKENS, rest = product->tokens - start;
      sotto_place place = sotto_place_of(shape, product, row, rows, start);
      sotto_store_amx(&sums[g][i], rest < SOTTO_AMX_TOKENS ? rest : SOTTO_AMX_TOKENS, bias, &place);
    }
  }
}

void sotto_run_amx(const sotto_run_shape *shape, const sotto_product *product, size_t item,
                   const sotto_product *next_product, size_t next_item, sotto_amx_scratch *scratch) {
  const sotto_view *view = &product->view;
  const sotto_amx_block *packs = (const sotto_amx_block *)product->pack;
  const size_t blocks = sotto_block_count(shape->columns), row = item * SOTTO_AMX_ROWS, rows = rows_of(view, item);
  const size_t tiles = (rows + SOTTO_TILE - 1) / SOTTO_TILE;
  const size_t groups = sotto_amx_group_count(product->tokens);
  const size_t step = sotto_panel_step(blocks, SOTTO_AMX_BLOCKS);
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step, end = first + length;
    int is_last = end == blocks;
    ahead next = {.view = view, .row = row, .rows = rows, .first = end,
                  .blocks = blocks - end < step ? blocks - end : step};
    if (is_last) {
      next = (ahead){.view = NULL};
      if (next_product)
        next = (ahead){.view = &next_product->view, .row = next_item * SOTTO_AMX_ROWS,
                       .rows = rows_of(&next_product->view, next_item), .first = 0, .blocks = step};
    }
    for (size_t t = 0; t < tiles; t += 2) {
      size_t pair = tiles - t < 2 ? 1 : 2;
      for (size_t i = 0; i < pair; i++)
        product->method.decode(view, row + (t + i) * SOTTO_TILE, first, length, scratch->panel[i]);
      prefetch(&next, t / 2, (tiles + 1) / 2);
      for (size_t g = 0; g < groups; g += 2) {
        size_t both = groups - g < 2 ? 1 : 2;
        sotto_multiply_amx(scratch->panel[0], pair, packs + first * groups + g * length, both, length, first == 0,
                           &scratch->sums[t / 2][g]);
        if (is_last) store(shape, product, row + t * SOTTO_TILE, pair, g, both, scratch->sums[t / 2]);
      }
    }
  }
}

void sotto_pack_group_amx(const sotto_packing *packing, size_t columns, size_t x_stride, size_t group) {
  size_t groups = sotto_amx_group_count(packing->tokens), start = group * SOTTO_AMX_TOKENS;
  size_t tokens = packing->tokens - start < SOTTO_AMX_TOKENS ? packing->tokens - start : SOTTO_AMX_TOKENS;
  size_t blocks = sotto_block_count(columns), step = sotto_panel_step(blocks, SOTTO_AMX_BLOCKS);
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step, column = first * SOTTO_BLOCK;
    size_t width = columns - column < length * SOTTO_BLOCK ? columns - column : length * SOTTO_BLOCK;
    const float *x[SOTTO_AMX_TOKENS] = {0};
    for (size_t t = 0; t < tokens; t++) {
      size_t row = packing->x_rows ? (size_t)packing->x_rows[start + t] : start + t;
      x[t] = packing->x + row * x_stride + column;
    }
    sotto_pack_amx(x, tokens, width, (sotto_amx_block *)packing->out + first * groups + group * length);
  }
}
#else
#include "workspace.h"

void sotto_run_amx(const sotto_run_shape *shape, const sotto_product *product, size_t item,
                   const sotto_product *next_product, size_t next_item, sotto_amx_scratch *scratch) {
  (void)shape, (void)product, (void)item, (void)next_product, (void)next_item, (void)scratch;
}

void sotto_pack_group_amx(const sotto_packing *packing, size_t columns, size_t x_stride, size_t group) {
  (void)packing, (void)columns, (void)x_stride, (void)group;
}
#endif
