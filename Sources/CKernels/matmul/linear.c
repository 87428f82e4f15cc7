// Linear layers and mixtures of experts as lists of products. Many tokens are cut into chunks whose packs stay in the
// second-level cache while all tiles pass by.
#include <string.h>

#include "workspace.h"

/// Tokens of a chunk: even parts, in whole groups where there are several.
static size_t chunk_count(size_t tokens, size_t token_bytes) {
  size_t most = SOTTO_CHUNK_BYTES / token_bytes / SOTTO_GROUP * SOTTO_GROUP;
  if (most < SOTTO_GROUP) most = SOTTO_GROUP;
  if (most > SOTTO_CHUNK_TOKENS) most = SOTTO_CHUNK_TOKENS;
  return (tokens + most - 1) / most;
}

/// The bytes of `tokens` packed tokens, to a whole cache line.
static size_t pack_size(size_t tokens, size_t blocks, size_t pack_bytes) {
  return (tokens * blocks * pack_bytes + 63) / 64 * 64;
}

/// The packing of tokens `first` ..< `first + tokens` by `method`: one that is there already, or a new one.
static sotto_packing *packing_for(sotto_workspace *workspace, sotto_run_shape *shape, const sotto_linear_call *call,
                                  const sotto_method *method, size_t first, size_t tokens) {
  const float *x = call->x + first * call->x_stride;
  sotto_packing *list = workspace->packings;
  for (size_t i = 0; i < shape->packings; i++)
    if (list[i].pack == method->pack && list[i].x == x) return &list[i];
  sotto_packing *last = shape->packings ? &list[shape->packings - 1] : NULL;
  size_t bytes = last ? pack_size(last->tokens, sotto_block_count(shape->columns), last->pack_bytes) : 0;
  list[shape->packings] = (sotto_packing){.pack = method->pack,
                                          .pack_bytes = method->pack_bytes,
                                          .x = x,
                                          .out = last ? last->out + bytes : workspace->packs,
                                          .tokens = tokens,
                                          .tokens_end = (last ? last->tokens_end : 0) + tokens};
  return &list[shape->packings++];
}

int sotto_linear(sotto_workspace *workspace, const sotto_linear_call *call) {
  if (call->layer_count == 0 || call->tokens == 0) return 0;
  sotto_isa_level level = sotto_isa();
  size_t columns = call->layers[0].weight.columns, blocks = sotto_block_count(columns), bytes = 0, largest = 0;
  for (size_t i = 0; i < call->layer_count; i++) {
    size_t pack_bytes = sotto_method_for(&call->layers[i].weight, call->precision, level).pack_bytes;
    if (pack_bytes > largest) largest = pack_bytes;
  }
  size_t chunks = chunk_count(call->tokens, blocks * largest);
  size_t kinds = call->layer_count < SOTTO_PACK_KINDS ? call->layer_count : SOTTO_PACK_KINDS;
  bytes = kinds * (pack_size(call->tokens, blocks, largest) + 64 * chunks);
  if (sotto_workspace_reserve(workspace, bytes, chunks * call->layer_count)) return -1;

  sotto_run_shape shape = {.columns = columns,
                           .x_stride = call->x_stride,
                           .y_stride = call->y_stride,
                           .residual_stride = call->residual_stride};
  for (size_t chunk = 0; chunk < chunks; chunk++) {
    size_t first = chunk * call->tokens / chunks, tokens = (chunk + 1) * call->tokens / chunks - first, column = 0;
    for (size_t i = 0; i < call->layer_count; i++) {
      const sotto_layer *layer = &call->layers[i];
      sotto_method method = sotto_method_for(&layer->weight, call->precision, level);
      const float *residual = call->residual ? call->residual + first * call->residual_stride + column : NULL;
      workspace->products[shape.products++] = (sotto_product){
          .view = sotto_matrix_view(&layer->weight, 0),
          .method = method,
          .bias = layer->bias,
          .pack = packing_for(workspace, &shape, call, &method, first, tokens)->out,
          .tokens = tokens,
          .residual = residual,
          .y = call->y + first * call->y_stride + column,
          .tiles = (layer->weight.rows + SOTTO_TILE - 1) / SOTTO_TILE,
      };
      column += layer->weight.rows;
    }
  }
  sotto_run_products(workspace, &shape);
  return 0;
}

int sotto_experts(sotto_workspace *workspace, const sotto_experts_call *call) {
  const sotto_matrix *weight = &call->weight;
  size_t experts = weight->matrices, blocks = sotto_block_count(weight->columns);
  size_t entries = (size_t)call->starts[experts];
  if (entries == 0) return 0;
  sotto_method method = sotto_method_for(weight, call->precision, sotto_isa());
  size_t token_bytes = blocks * method.pack_bytes, products = 0;
  for (size_t e = 0; e < experts; e++)
    products += chunk_count((size_t)(call->starts[e + 1] - call->starts[e]), token_bytes);
  if (sotto_workspace_reserve(workspace, entries * token_bytes + 64 * products, products)) return -1;

  sotto_run_shape shape = {.columns = weight->columns, .x_stride = call->x_stride, .y_stride = call->y_stride};
  uint8_t *pack = workspace->packs;
  for (size_t e = 0; e < experts; e++) {
    size_t start = (size_t)call->starts[e], count = (size_t)call->starts[e + 1] - start;
    size_t chunks = chunk_count(count, token_bytes);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
      size_t first = start + chunk * count / chunks, tokens = start + (chunk + 1) * count / chunks - first;
      workspace->packings[shape.packings++] = (sotto_packing){.pack = method.pack,
                                                              .pack_bytes = method.pack_bytes,
                                                              .x = call->x,
                                                              .x_rows = call->x_rows + first,
                                                              .out = pack,
                                                              .tokens = tokens,
                                                              .tokens_end = first + tokens};
      workspace->products[shape.products++] = (sotto_product){
          .view = sotto_matrix_view(weight, e),
          .method = method,
          .bias = call->bias ? call->bias + e * weight->rows : NULL,
          .pack = pack,
          .tokens = tokens,
          .y = call->y + first * call->y_stride,
          .tiles = (weight->rows + SOTTO_TILE - 1) / SOTTO_TILE,
      };
      pack += pack_size(tokens, blocks, method.pack_bytes);
    }
  }
  sotto_run_products(workspace, &shape);
  return 0;
}
