// The memory of products.
#pragma once
#include "product.h"

enum {
  SOTTO_RUN_TILES = 4,          // tiles that share one pass over the packs
  SOTTO_SHORT_PANEL = 8,        // blocks of a panel for a single group
  SOTTO_CHUNK_TOKENS = 384,     // tokens of a product, at most
  SOTTO_CHUNK_BYTES = 1536 << 10  // of their packs
};

/// One worker's data: its remaining items (the next one in the lower half, their end in the upper half; in a cache
/// line of its own, since other workers may take some), a panel, and the sums of its rows.
typedef struct {
  _Alignas(64) _Atomic uint64_t items;
  _Alignas(64) uint8_t panel[SOTTO_PANEL_BLOCKS * sizeof(sotto_float_panel_block)];
  float sums[SOTTO_CHUNK_TOKENS][SOTTO_TILE];
} sotto_scratch;

/// One matrix times its packed tokens.
typedef struct {
  sotto_view view;
  sotto_method method;
  const void *bias;  // NULL, or `rows` numbers of `bias_format`
  sotto_weight_format bias_format;
  const uint8_t *pack;
  size_t tokens;
  const float *residual;
  float *y;
  size_t pairs;  // see sotto_place
  size_t tiles, tiles_per_item, items_end;  // items of this and all earlier products
} sotto_product;

/// Tokens to be packed.
typedef struct {
  sotto_pack pack;
  size_t pack_bytes;
  const float *x;
  const int32_t *x_rows;  // NULL for consecutive rows
  uint8_t *out;
  int is_by_rows;  // packs whole tokens, for sotto_multiply_rows
  size_t tokens, tokens_end;  // tokens of this and all earlier packs
} sotto_packing;

struct sotto_workspace {
  sotto_pool *pool;
  int workers;
  sotto_scratch *scratch;
  uint8_t *packs;
  sotto_product *products;
  sotto_packing *packings;
  size_t pack_capacity, product_capacity;
};

/// Reserves `bytes` of packs and `products` products and packings. Returns 0, or -1 if there is no memory.
int sotto_workspace_reserve(sotto_workspace *workspace, size_t bytes, size_t products);

/// The parameters that a call's products and packings share.
typedef struct {
  size_t products, packings, columns, x_stride, y_stride, residual_stride;
} sotto_run_shape;

/// Packs all tokens, then computes all products.
void sotto_run_products(sotto_workspace *workspace, const sotto_run_shape *shape);

/// Groups of at most SOTTO_GROUP tokens, as even as possible.
SOTTO_INLINE size_t sotto_group_count(size_t tokens) { return (tokens + SOTTO_GROUP - 1) / SOTTO_GROUP; }
SOTTO_INLINE size_t sotto_group_start(size_t tokens, size_t group) {
  return group * tokens / sotto_group_count(tokens);
}
SOTTO_INLINE size_t sotto_block_count(size_t columns) { return (columns + SOTTO_BLOCK - 1) / SOTTO_BLOCK; }
/// Blocks in a panel of at most `most`: panels of equal length, in whole super-blocks if a row may have them.
SOTTO_INLINE size_t sotto_panel_step(size_t blocks, size_t most) {
  size_t unit = blocks % 8 == 0 ? 8 : 1, panels = (blocks + most - 1) / most;
  return (blocks / unit + panels - 1) / panels * unit;
}
/// The number of chunks that `tokens` tokens are evenly divided into.
SOTTO_INLINE size_t sotto_chunk_count(size_t tokens, size_t token_bytes) {
  size_t most = SOTTO_CHUNK_BYTES / token_bytes / SOTTO_GROUP * SOTTO_GROUP;
  if (most < SOTTO_GROUP) most = SOTTO_GROUP;
  if (most > SOTTO_CHUNK_TOKENS) most = SOTTO_CHUNK_TOKENS;
  return (tokens + most - 1) / most;
}

/// The bytes of `tokens` packed tokens, rounded up to a cache line; with room for whole steps of four blocks.
SOTTO_INLINE size_t sotto_pack_size(size_t tokens, size_t blocks, size_t pack_bytes) {
  return (tokens * ((blocks + 3) / 4 * 4) * pack_bytes + 63) / 64 * 64;
}
