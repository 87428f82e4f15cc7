// The loops of a product: a panel stays in the L1 cache, and every weight byte is read once per chunk of tokens.
// While a tile is computed, the bytes of the next one are prefetched, a share with every panel, in memory order.
//
// Every worker has a contiguous range of items, so that it reads memory in order. A worker that has finished takes
// items from the end of another's range.
#include <stdatomic.h>
#include <string.h>

#include "../common/amx.h"
#include "lookahead.h"
#include "workspace.h"

typedef struct {
  sotto_workspace *workspace;
  const sotto_run_shape *shape;
  atomic_size_t next;
  int uses_amx;
} run;

/// Tile `tile` of an item that ends before tile `last`. No product: no work is left.
typedef struct {
  const sotto_product *product;
  size_t tile, last, items_before;
} cursor;

/// Takes the next of the worker's items, or the last of another's; returns 0 if none is left.
static int take_item(sotto_workspace *workspace, int worker, size_t *item) {
  for (int i = 0; i < workspace->workers; i++) {
    _Atomic uint64_t *items = &workspace->scratch[(worker + i) % workspace->workers].items;
    uint64_t left = atomic_load_explicit(items, memory_order_relaxed);
    while ((uint32_t)left < left >> 32) {
      uint64_t rest = i == 0 ? left + 1 : left - (1ull << 32);
      if (!atomic_compare_exchange_weak_explicit(items, &left, rest, memory_order_relaxed, memory_order_relaxed))
        continue;
      *item = i == 0 ? (uint32_t)left : (size_t)(rest >> 32);
      return 1;
    }
  }
  return 0;
}

/// The next tile of the item, or the first of the next item.
static void advance(run *run, cursor *at, int worker) {
  if (++at->tile < at->last) return;
  size_t item;
  if (!take_item(run->workspace, worker, &item)) {
    at->product = NULL;
    return;
  }
  if (item < at->items_before) *at = (cursor){.product = run->workspace->products};
  while (item >= at->product->items_end) at->items_before = (at->product++)->items_end;
  at->tile = (item - at->items_before) * at->product->tiles_per_item;
  at->last = at->tile + at->product->tiles_per_item;
  if (at->last > at->product->tiles) at->last = at->product->tiles;
}

static sotto_lookahead look_ahead(const cursor *at, size_t shares) {
  if (!at->product || at->product->method.uses_amx) return (sotto_lookahead){.planes = 0};
  return sotto_look_ahead(&at->product->view, at->tile * SOTTO_TILE, SOTTO_TILE, shares);
}

/// The tile at `at` for few tokens: four rows after another; prefetches those eight rows ahead.
static void run_rows(const run *run, const cursor *at, const cursor *following, size_t rows,
                     const float bias[SOTTO_TILE], sotto_scratch *scratch) {
  enum { AHEAD = 8 };
  const sotto_product *product = at->product;
  const sotto_view *view = &product->view;
  size_t row = at->tile * SOTTO_TILE;
  for (size_t r = 0; r < rows; r += 4) {
    uintptr_t ahead = AHEAD * view->row_bytes;
    if (r + AHEAD >= rows && following->product) {
      const sotto_view *next = &following->product->view;
      ahead = (uintptr_t)next->values + (following->tile * SOTTO_TILE + r + AHEAD - rows) * next->row_bytes -
              ((uintptr_t)view->values + (row + r) * view->row_bytes);
    }
    product->method.rows(view, row + r, product->pack, product->tokens, (ptrdiff_t)ahead,
                         (float (*)[SOTTO_TILE])&scratch->sums[0][r]);
  }
  sotto_place place = sotto_place_of(run->shape, product, row, rows, 0);
  product->method.store(scratch->sums, product->tokens, bias, &place);
}

/// The whole tile at `at` for few tokens; prefetches `following`.
static void run_whole(const run *run, const cursor *at, const cursor *following, const float bias[SOTTO_TILE],
                      sotto_scratch *scratch) {
  const sotto_product *product = at->product;
  size_t row = at->tile * SOTTO_TILE;
  sotto_ahead ahead = {NULL, 0};
  if (following->product) {
    const sotto_view *next = &following->product->view;
    size_t first = following->tile * SOTTO_TILE, rows = next->rows - first;
    if (rows > SOTTO_TILE) rows = SOTTO_TILE;
    ahead.first = next->values + first * next->row_bytes;
    ahead.step = rows * next->row_bytes / sotto_block_count(run->shape->columns);
  }
  product->method.tile(&product->view, row, product->pack, product->tokens, ahead, scratch->sums);
  sotto_place place = sotto_place_of(run->shape, product, row, SOTTO_TILE, 0);
  product->method.store(scratch->sums, product->tokens, bias, &place);
}

/// The tile at `at`; prefetches the bytes of `following`.
static void run_tile(const run *run, const cursor *at, const cursor *following, sotto_scratch *scratch) {
  const sotto_product *product = at->product;
  if (product->method.uses_amx) {
    int goes_on = following->product && following->product->method.uses_amx;
    sotto_run_amx(run->shape, product, at->tile, goes_on ? following->product : NULL, following->tile, scratch->amx);
    return;
  }
  const sotto_method *method = &product->method;
  const sotto_run_shape *shape = run->shape;
  size_t tokens = product->tokens, groups = sotto_group_count(tokens), blocks = sotto_block_count(shape->columns);
  size_t row = at->tile * SOTTO_TILE, rows = product->view.rows - row;
  if (rows > SOTTO_TILE) rows = SOTTO_TILE;
  sotto_decode decode = sotto_is_whole_tile(&product->view, row) ? method->decode : method->decode_edge;
  float bias[SOTTO_TILE] = {0};
  if (product->bias)
    for (size_t r = 0; r < rows; r++) bias[r] = sotto_float_at(product->bias, product->bias_format, row + r);
  if (method->rows) {
    run_rows(run, at, following, rows, bias, scratch);
    return;
  }
  if (method->tile && sotto_is_whole_tile(&product->view, row)) {
    run_whole(run, at, following, bias, scratch);
    return;
  }
  memset(scratch->sums, 0, tokens * sizeof *scratch->sums);

  // With a single group, shorter panels suffice, and memory is read more evenly.
  size_t step = sotto_panel_step(blocks, groups == 1 ? SOTTO_SHORT_PANEL : SOTTO_PANEL_BLOCKS);
  // The next tile's bytes are prefetched a little at a time: the processor stalls if too many loads are outstanding.
  sotto_lookahead ahead = look_ahead(following, (blocks + step - 1) / step * (groups + 1));
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step;
    sotto_prefetch(&ahead);
    decode(&product->view, row, first, length, scratch->panel);
    for (size_t group = 0; group < groups; group++) {
      size_t start = sotto_group_start(tokens, group), size = sotto_group_start(tokens, group + 1) - start;
      const uint8_t *pack = product->pack + (first * tokens + start * length) * method->pack_bytes;
      int is_last = first + length == blocks;
      sotto_place place = sotto_place_of(shape, product, row, rows, start);
      if (is_last)
        for (size_t t = 0; t < size; t++) __builtin_prefetch(place.y + t * shape->y_stride, 1);
      sotto_prefetch(&ahead);
      method->multiply(scratch->panel, pack, length, size, scratch->sums + start);
      if (is_last) method->store(scratch->sums + start, size, bias, &place);
    }
  }
}

static void multiply_task(void *context, int worker, int workers) {
  (void)workers;
  run *run = context;
  sotto_scratch *scratch = &run->workspace->scratch[worker];
  cursor at = {.product = run->workspace->products};
  advance(run, &at, worker);
  while (at.product) {
    cursor following = at;
    advance(run, &following, worker);
    run_tile(run, &at, &following, scratch);
    at = following;
  }
  sotto_end_amx();
}

/// Packs are stored panel by panel, so that all groups of a panel are read as one stream.
static void pack_token(const run *run, const sotto_packing *packing, size_t token) {
  size_t tokens = packing->tokens, group = token / SOTTO_GROUP;
  size_t start = sotto_group_start(tokens, group), size = sotto_group_start(tokens, group + 1) - start;
  size_t row = packing->x_rows ? (size_t)packing->x_rows[token] : token;
  const float *x = packing->x + row * run->shape->x_stride;
  size_t columns = run->shape->columns, blocks = sotto_block_count(columns);
  if (packing->method.packs_tokens) {
    packing->method.pack(x, columns, token, tokens, packing->out);
    return;
  }
  size_t step = sotto_panel_step(blocks, SOTTO_PANEL_BLOCKS);
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step, column = first * SOTTO_BLOCK;
    size_t width = columns - column < length * SOTTO_BLOCK ? columns - column : length * SOTTO_BLOCK;
    uint8_t *out = packing->out + (first * tokens + start * length) * packing->method.pack_bytes;
    packing->method.pack(x + column, width, token - start, size, out);
  }
}

static void pack_task(void *context, int worker, int workers) {
  (void)worker, (void)workers;
  run *run = context;
  const sotto_packing *packing = run->workspace->packings, *end = packing + run->shape->packings;
  size_t before = 0;
  for (;;) {
    size_t unit = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    while (packing < end && unit >= packing->units_end) before = (packing++)->units_end;
    if (packing == end) return;
    if (packing->method.uses_amx)
      sotto_pack_group_amx(packing, run->shape->columns, run->shape->x_stride, unit - before);
    else
      pack_token(run, packing, unit - before);
  }
}

/// Divides every product into items of about equal work, a dozen per worker.
static void divide(sotto_workspace *workspace, const sotto_run_shape *shape) {
  enum { DECODING = 5 };  // decoding a tile costs about as much as multiplying this many tokens
  size_t work = 0, items = 0, workers = (size_t)workspace->workers;
  for (size_t i = 0; i < shape->products; i++)
    work += workspace->products[i].tiles * (workspace->products[i].tokens + DECODING);
  size_t share = work / (workers * 12) + 1;
  for (size_t i = 0; i < shape->products; i++) {
    sotto_product *product = &workspace->products[i];
    size_t tiles = share / (product->tokens + DECODING);
    size_t most = product->method.rows || product->method.tile ? 2 : product->method.uses_amx ? 1 : 16;
    if (tiles > most) tiles = most;
    product->tiles_per_item = tiles > 0 ? tiles : 1;
    items += (product->tiles + product->tiles_per_item - 1) / product->tiles_per_item;
    product->items_end = items;
  }
  for (size_t w = 0; w < workers; w++)
    atomic_store_explicit(&workspace->scratch[w].items, items * w / workers | items * (w + 1) / workers << 32,
                          memory_order_relaxed);
}

void sotto_run_products(sotto_workspace *workspace, const sotto_run_shape *shape) {
  enum { SERIAL_PACKING = 16384 };  // packing this many numbers takes less time than starting a second region
  run run = {.workspace = workspace, .shape = shape};
  // The caller's first tile is prefetched while tokens are packed.
  cursor first = {.product = workspace->products};
  sotto_lookahead ahead = look_ahead(&first, workspace->products->method.rows ? 2 : 1);
  sotto_prefetch(&ahead);
  size_t units = shape->packings ? workspace->packings[shape->packings - 1].units_end : 0;
  for (size_t i = 0; i < shape->products; i++) run.uses_amx |= workspace->products[i].method.uses_amx;
  if (units * shape->columns * (run.uses_amx ? SOTTO_AMX_TOKENS : 1) <= SERIAL_PACKING)
    pack_task(&run, 0, 1);
  else
    sotto_pool_run(workspace->pool, pack_task, &run);
  divide(workspace, shape);
  sotto_pool_run(workspace->pool, multiply_task, &run);
}
