// The loops around a product: tiles are handed out to workers as they ask, panels stay in the first two caches, and
// every weight byte is read once for up to 384 tokens.
#include <stdatomic.h>
#include <string.h>

#include "workspace.h"

typedef struct {
  sotto_workspace *workspace;
  const sotto_run_shape *shape;
  atomic_size_t next;
} run;

/// Touches the bytes that the panel after this one will be decoded from.
static void prefetch(const sotto_view *view, size_t row, size_t first, size_t blocks) {
  sotto_format_traits traits = sotto_formats[view->matrix->format];
  size_t start = first * SOTTO_BLOCK / traits.columns * traits.bytes;
  size_t bytes = blocks * SOTTO_BLOCK / traits.columns * traits.bytes;
  const uint8_t *p = view->values + row * view->row_bytes + start;
  for (int r = 0; r < SOTTO_TILE; r++, p += view->row_bytes)
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i);
}

static void store(const sotto_product *product, const sotto_run_shape *shape, size_t tile, size_t from, size_t to,
                  float (*sums)[SOTTO_TILE]) {
  size_t row = tile * SOTTO_TILE, rows = product->view.rows - row;
  if (rows > SOTTO_TILE) rows = SOTTO_TILE;
  float bias[SOTTO_TILE] = {0};
  if (product->bias) memcpy(bias, product->bias + row, rows * sizeof *bias);
  for (size_t t = from; t < to; t++, sums++) {
    float *y = product->y + t * shape->y_stride + row;
    const float *residual = product->residual ? product->residual + t * shape->residual_stride + row : NULL;
    if (rows == SOTTO_TILE) {
      for (size_t r = 0; r < SOTTO_TILE; r++) y[r] = sums[0][r] + bias[r] + (residual ? residual[r] : 0);
    } else {
      for (size_t r = 0; r < rows; r++) y[r] = sums[0][r] + bias[r] + (residual ? residual[r] : 0);
    }
  }
}

/// Tiles tile ..< tile + count of a product, for the tokens of groups `group` ..< `end`.
static void run_tiles(const run *run, const sotto_product *product, sotto_scratch *scratch, size_t tile, size_t count,
                      size_t group, size_t end) {
  const sotto_method *method = &product->method;
  size_t tokens = product->tokens, blocks = sotto_block_count(run->shape->columns);
  size_t from = sotto_group_start(tokens, group), to = sotto_group_start(tokens, end);
  for (size_t i = 0; i < count; i++) memset(scratch->sums[i], 0, (to - from) * sizeof *scratch->sums[i]);

  // Panels of equal length, in whole super-blocks.
  size_t unit = sotto_formats[product->view.matrix->format].columns / SOTTO_BLOCK;
  unit = unit > 1 ? unit : 1;
  size_t panels = (blocks + SOTTO_PANEL_BLOCKS - 1) / SOTTO_PANEL_BLOCKS;
  size_t step = (blocks / unit + panels - 1) / panels * unit;
  for (size_t first = 0; first < blocks; first += step) {
    size_t length = blocks - first < step ? blocks - first : step;
    for (size_t i = 0; i < count; i++) {
      size_t row = (tile + i) * SOTTO_TILE;
      method->decode(&product->view, row, first, length, scratch->panels[i]);
      if (first + step < blocks)
        prefetch(&product->view, row, first + step, length);
      else
        prefetch(&product->view, row + count * SOTTO_TILE, 0, step);
    }
    for (size_t g = group; g < end; g++) {
      size_t start = sotto_group_start(tokens, g), size = sotto_group_start(tokens, g + 1) - start;
      const uint8_t *pack = product->pack + (start * blocks + first * size) * method->pack_bytes;
      for (size_t i = 0; i < count; i++)
        method->multiply(scratch->panels[i], pack, length, size, scratch->sums[i] + (start - from));
    }
  }
  for (size_t i = 0; i < count; i++) store(product, run->shape, tile + i, from, to, scratch->sums[i]);
}

static void multiply_task(void *context, int worker, int workers) {
  (void)workers;
  run *run = context;
  sotto_scratch *scratch = &run->workspace->scratch[worker];
  const sotto_product *product = run->workspace->products, *end = product + run->shape->products;
  size_t items_before = 0;
  for (;;) {
    size_t item = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    while (product < end && item >= product->items_end) items_before = (product++)->items_end;
    if (product == end) return;
    size_t tile = (item - items_before) * product->tiles_per_item, last = tile + product->tiles_per_item;
    if (last > product->tiles) last = product->tiles;
    size_t groups = sotto_group_count(product->tokens), together = groups > 1 ? SOTTO_RUN_TILES : 1;
    for (; tile < last; tile += together) {
      size_t count = last - tile < together ? last - tile : together;
      for (size_t g = 0; g < groups; g += SOTTO_RUN_GROUPS)
        run_tiles(run, product, scratch, tile, count, g, g + SOTTO_RUN_GROUPS < groups ? g + SOTTO_RUN_GROUPS : groups);
    }
  }
}

static void pack_token(const run *run, const sotto_packing *packing, size_t token) {
  size_t tokens = packing->tokens, group = token * sotto_group_count(tokens) / tokens;
  // The division above may fall one group short of or past the token.
  while (sotto_group_start(tokens, group + 1) <= token) group++;
  while (sotto_group_start(tokens, group) > token) group--;
  size_t start = sotto_group_start(tokens, group), size = sotto_group_start(tokens, group + 1) - start;
  size_t row = packing->x_rows ? (size_t)packing->x_rows[token] : token;
  packing->pack(packing->x + row * run->shape->x_stride, run->shape->columns, token - start, size,
                packing->out + start * sotto_block_count(run->shape->columns) * packing->pack_bytes);
}

static void pack_task(void *context, int worker, int workers) {
  (void)worker, (void)workers;
  run *run = context;
  const sotto_packing *packing = run->workspace->packings, *end = packing + run->shape->packings;
  size_t before = 0;
  for (;;) {
    size_t token = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    while (packing < end && token >= packing->tokens_end) before = (packing++)->tokens_end;
    if (packing == end) return;
    pack_token(run, packing, token - before);
  }
}

/// Divides every product into items of about equal work, a dozen for a worker.
static void divide(const sotto_workspace *workspace, const sotto_run_shape *shape) {
  enum { DECODING = 5 };  // decoding a tile costs about as much as multiplying this many tokens
  size_t work = 0, items = 0;
  for (size_t i = 0; i < shape->products; i++)
    work += workspace->products[i].tiles * (workspace->products[i].tokens + DECODING);
  size_t share = work / ((size_t)workspace->workers * 12) + 1;
  for (size_t i = 0; i < shape->products; i++) {
    sotto_product *product = &workspace->products[i];
    size_t tiles = share / (product->tokens + DECODING);
    if (tiles > 16) tiles = 16;
    product->tiles_per_item = tiles > 0 ? tiles : 1;
    items += (product->tiles + product->tiles_per_item - 1) / product->tiles_per_item;
    product->items_end = items;
  }
}

void sotto_run_products(sotto_workspace *workspace, const sotto_run_shape *shape) {
  enum { SERIAL_PACKING = 16384 };  // numbers that are packed sooner than a second region starts
  run run = {.workspace = workspace, .shape = shape};
  size_t tokens = shape->packings ? workspace->packings[shape->packings - 1].tokens_end : 0;
  if (tokens * shape->columns <= SERIAL_PACKING)
    pack_task(&run, 0, 1);
  else
    sotto_pool_run(workspace->pool, pack_task, &run);
  divide(workspace, shape);
  atomic_store(&run.next, 0);
  sotto_pool_run(workspace->pool, multiply_task, &run);
}
