// The memory of products.
#pragma once
#include "product.h"

enum {
  SOTTO_SHORT_PANEL = 8,        // blocks of a panel for a single group
  SOTTO_CHUNK_TOKENS = 384,     // tokens of a product, at most (but see SOTTO_AMX_CHUNK)
  SOTTO_CHUNK_BYTES = 1536 << 10  // of their packs
};

/// One worker's rows and sums; see amx.h.
typedef struct sotto_amx_scratch sotto_amx_scratch;

/// One worker's data: its remaining items (the next one in the lower half, their end in the upper half; in a cache
/// line of its own, since other workers may take some), a panel, and the sums of its rows.
typedef struct {
  _Alignas(64) _Atomic uint64_t items;
  struct sotto_amx_scratch *amx;  // NULL until AMX is used
  _Alignas(64) uint8_t panel[SOTTO_PANEL_BLOCKS * sizeof(sotto_float_panel_block)];
  float sums[SOTTO_AMX_CHUNK][SOTTO_TILE];
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
  sotto_method method;  // of one of the products that take the pack
  const float *x;
  const int32_t *x_rows;  // NULL for consecutive rows
  uint8_t *out;
  size_t tokens, units_end;  // tokens, or groups of them with AMX, of this and all earlier packs
} sotto_packing;

/// Whether `method` takes the packs of `packing`.
SOTTO_INLINE int sotto_shares_pack(const sotto_packing *packing, const sotto_method *method) {
  const sotto_method *own = &packing->method;
  return own->pack == method->pack && own->uses_amx == method->uses_amx && own->order == method->order;
}

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
/// Reserves what AMX needs. Returns 0, or -1 if there is no memory.
int sotto_workspace_reserve_amx(sotto_workspace *workspace);

/// The parameters that a call's products and packings share.
typedef struct {
  size_t products, packings, columns, x_stride, y_stride, residual_stride;
} sotto_run_shape;

/// Packs all tokens, then computes all products.
void sotto_run_products(sotto_workspace *workspace, const sotto_run_shape *shape);

/// Where the results of `rows` rows from `row` on belong, for the tokens from `token` on.
SOTTO_INLINE sotto_place sotto_place_of(const sotto_run_shape *shape, const sotto_product *product, size_t row,
                                        size_t rows, size_t token) {
  size_t column = product->pairs ? row / 2 : row;
  return (sotto_place){
      .y = product->y + token * shape->y_stride + column,
      .residual = product->residual ? product->residual + token * shape->residual_stride + column : NULL,
      .y_stride = shape->y_stride,
      .residual_stride = shape->residual_stride,
      .rows = rows,
      .pairs = product->pairs};
}

/// Computes item `item`, of SOTTO_AMX_ROWS rows, of a product with AMX, and prefetches the next one, if any.
void sotto_run_amx(const sotto_run_shape *shape, const sotto_product *product, size_t item,
                   const sotto_product *next_product, size_t next_item, sotto_amx_scratch *scratch);
/// Packs group `group` of SOTTO_AMX_TOKENS tokens.
void sotto_pack_group_amx(const sotto_packing *packing, size_t columns, size_t x_stride, size_t group);

/// Groups of SOTTO_GROUP tokens, and one of the rest. Full groups cost least for a token, as many operations as loads:
/// 16 tokens take less time as 12 and 4 than as 8 and 8.
SOTTO_INLINE size_t sotto_group_count(size_t tokens) { return (tokens + SOTTO_GROUP - 1) / SOTTO_GROUP; }
SOTTO_INLINE size_t sotto_group_start(size_t tokens, size_t group) {
  return group * SOTTO_GROUP < tokens ? group * SOTTO_GROUP : tokens;
}
SOTTO_INLINE size_t sotto_block_count(size_t columns) { return (columns + SOTTO_BLOCK - 1) / SOTTO_BLOCK; }
/// Blocks in a panel of at most `most`: panels of equal length, in whole super-blocks if a row may have them.
SOTTO_INLINE size_t sotto_panel_step(size_t blocks, size_t most) {
  size_t unit = blocks % 8 == 0 ? 8 : 1, panels = (blocks + most - 1) / most;
  return (blocks / unit + panels - 1) / panels * unit;
}
/// The number of chunks that `tokens` tokens are evenly divided into.
SOTTO_INLINE size_t sotto_chunk_count(size_t tokens, size_t token_bytes, int uses_amx) {
  size_t group = uses_amx ? 2 * SOTTO_AMX_TOKENS : SOTTO_GROUP, limit = uses_amx ? SOTTO_AMX_CHUNK : SOTTO_CHUNK_TOKENS;
  size_t most = (uses_amx ? SOTTO_AMX_CHUNK_BYTES : SOTTO_CHUNK_BYTES) / token_bytes / group * group;
  if (most < group) most = group;
  if (most > limit) most = limit;
  return (tokens + most - 1) / most;
}

/// The number of AMX's groups of `tokens` tokens.
SOTTO_INLINE size_t sotto_amx_group_count(size_t tokens) {
  return (tokens + SOTTO_AMX_TOKENS - 1) / SOTTO_AMX_TOKENS;
}
/// The units in which `tokens` tokens are packed.
SOTTO_INLINE size_t sotto_pack_units(const sotto_method *method, size_t tokens) {
  return method->uses_amx ? sotto_amx_group_count(tokens) : tokens;
}
/// The tiles, or with AMX the items of SOTTO_AMX_ROWS rows, of a matrix.
SOTTO_INLINE size_t sotto_tile_count(const sotto_method *method, size_t rows) {
  size_t height = method->uses_amx ? SOTTO_AMX_ROWS : SOTTO_TILE;
  return (rows + height - 1) / height;
}

/// The tokens in the packs of `tokens` tokens.
SOTTO_INLINE size_t sotto_packed_tokens(size_t tokens, int uses_amx) {
  return uses_amx ? sotto_amx_group_count(tokens) * SOTTO_AMX_TOKENS : tokens;
}

/// The bytes of `tokens` packed tokens, rounded up to a cache line; with room for whole steps of four blocks.
SOTTO_INLINE size_t sotto_pack_size(size_t tokens, size_t blocks, size_t pack_bytes) {
  return (tokens * ((blocks + 3) / 4 * 4) * pack_bytes + 63) / 64 * 64;
}
