// The loops of a product with AMX; see amx.h.
#if defined(__x86_64__)
#include "amx.h"
#include "lookahead.h"

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
  const size_t row = item * SOTTO_AMX_ROWS, tiles = view->rows - row > SOTTO_TILE ? 2 : 1;
  const size_t groups = sotto_amx_group_count(product->tokens), pairs = (groups + 1) / 2;
  const size_t blocks = sotto_block_count(shape->columns), step = sotto_panel_step(blocks, SOTTO_AMX_PANEL);
  const size_t shares = (blocks + step - 1) / step * pairs;
  sotto_lookahead ahead = {.planes = 0};
  if (next_product) ahead = sotto_look_ahead(&next_product->view, next_item * SOTTO_AMX_ROWS, SOTTO_AMX_ROWS, shares);
  sotto_begin_amx(SOTTO_AMX_TOKENS);
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step;
    for (size_t b = 0; b < length; b += SOTTO_AMX_BLOCKS) {
      size_t count = length - b < SOTTO_AMX_BLOCKS ? length - b : SOTTO_AMX_BLOCKS;
      for (size_t i = 0; i < tiles; i++)
        product->method.decode(view, row + i * SOTTO_TILE, first + b, count, &scratch->panel[i][b]);
    }
    for (size_t g = 0; g < groups; g += 2) {
      size_t both = groups - g < 2 ? 1 : 2;
      sotto_prefetch(&ahead);
      sotto_multiply_amx(scratch->panel[0], tiles, packs + first * groups + g * length, both, length, first == 0,
                         &scratch->sums[g]);
      if (first + length == blocks) store(shape, product, row, tiles, g, both, scratch->sums);
    }
  }
}

void sotto_pack_group_amx(const sotto_packing *packing, size_t columns, size_t x_stride, size_t group) {
  size_t groups = sotto_amx_group_count(packing->tokens), start = group * SOTTO_AMX_TOKENS;
  size_t tokens = packing->tokens - start < SOTTO_AMX_TOKENS ? packing->tokens - start : SOTTO_AMX_TOKENS;
  size_t blocks = sotto_block_count(columns), step = sotto_panel_step(blocks, SOTTO_AMX_PANEL);
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step, column = first * SOTTO_BLOCK;
    size_t width = columns - column < length * SOTTO_BLOCK ? columns - column : length * SOTTO_BLOCK;
    const float *x[SOTTO_AMX_TOKENS] = {0};
    for (size_t t = 0; t < tokens; t++) {
      size_t row = packing->x_rows ? (size_t)packing->x_rows[start + t] : start + t;
      x[t] = packing->x + row * x_stride + column;
    }
    sotto_amx_block *out = (sotto_amx_block *)packing->out + first * groups + group * length;
    sotto_pack_amx(x, tokens, width, packing->method.order, out);
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
