// Linear layers and mixtures of experts as lists of products.
#include <string.h>

#include "workspace.h"

/// Adds the packing of `tokens` rows unless an equal one is there; returns its index.
static size_t add_packing(sotto_packing *list, size_t *count, sotto_packing packing) {
  for (size_t i = 0; i < *count; i++)
    if (list[i].pack == packing.pack && list[i].x == packing.x && list[i].x_rows == packing.x_rows) return i;
  packing.tokens_end = (*count ? list[*count - 1].tokens_end : 0) + packing.tokens;
  list[*count] = packing;
  return (*count)++;
}

static sotto_packing packing_of(const sotto_linear_call *call, const sotto_method *method) {
  return (sotto_packing){
      .pack = method->pack, .pack_bytes = method->pack_bytes, .x = call->x, .tokens = call->tokens};
}

int sotto_linear(sotto_workspace *workspace, const sotto_linear_call *call) {
  if (call->layer_count == 0 || call->tokens == 0) return 0;
  size_t columns = call->layers[0].weight.columns, blocks = sotto_block_count(columns), bytes = 0;
  sotto_isa_level level = sotto_isa();
  if (sotto_workspace_reserve(workspace, 0, call->layer_count)) return -1;
  sotto_run_shape shape = {.products = call->layer_count,
                           .columns = columns,
                           .x_stride = call->x_stride,
                           .y_stride = call->y_stride,
                           .residual_stride = call->residual_stride};
  // Offsets first: the packs may move as they grow.
  size_t offsets[SOTTO_PACK_KINDS];
  for (size_t i = 0; i < call->layer_count; i++) {
    sotto_method method = sotto_method_for(&call->layers[i].weight, call->precision, level);
    size_t known = shape.packings;
    add_packing(workspace->packings, &shape.packings, packing_of(call, &method));
    if (shape.packings > known) {
      offsets[known] = bytes;
      bytes += call->tokens * blocks * method.pack_bytes;
      bytes = (bytes + 63) / 64 * 64;
    }
  }
  if (sotto_workspace_reserve(workspace, bytes, 0)) return -1;
  for (size_t i = 0; i < shape.packings; i++) workspace->packings[i].out = workspace->packs + offsets[i];

  size_t column = 0;
  for (size_t i = 0; i < call->layer_count; i++) {
    const sotto_layer *layer = &call->layers[i];
    sotto_method method = sotto_method_for(&layer->weight, call->precision, level);
    size_t packing = add_packing(workspace->packings, &shape.packings, packing_of(call, &method));
    workspace->products[i] = (sotto_product){
        .view = sotto_matrix_view(&layer->weight, 0),
        .method = method,
        .bias = layer->bias,
        .pack = workspace->packs + offsets[packing],
        .tokens = call->tokens,
        .residual = call->residual ? call->residual + column : NULL,
        .y = call->y + column,
        .tiles = (layer->weight.rows + SOTTO_TILE - 1) / SOTTO_TILE,
    };
    column += layer->weight.rows;
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
  if (sotto_workspace_reserve(workspace, entries * blocks * method.pack_bytes, experts)) return -1;
  sotto_run_shape shape = {.columns = weight->columns, .x_stride = call->x_stride, .y_stride = call->y_stride};
  for (size_t e = 0; e < experts; e++) {
    size_t start = (size_t)call->starts[e], tokens = (size_t)call->starts[e + 1] - start;
    if (tokens == 0) continue;
    uint8_t *pack = workspace->packs + start * blocks * method.pack_bytes;
    workspace->packings[shape.packings++] = (sotto_packing){.pack = method.pack,
                                                            .pack_bytes = method.pack_bytes,
                                                            .x = call->x,
                                                            .x_rows = call->x_rows + start,
                                                            .out = pack,
                                                            .tokens = tokens,
                                                            .tokens_end = start + tokens};
    workspace->products[shape.products++] = (sotto_product){
        .view = sotto_matrix_view(weight, e),
        .method = method,
        .bias = call->bias ? call->bias + e * weight->rows : NULL,
        .pack = pack,
        .tokens = tokens,
        .y = call->y + start * call->y_stride,
        .tiles = (weight->rows + SOTTO_TILE - 1) / SOTTO_TILE,
    };
  }
  sotto_run_products(workspace, &shape);
  return 0;
}
