// Linear layers as lists of products. Many tokens are divided into chunks whose packs stay in the caches while all
// tiles are computed.
#include "workspace.h"

/// The packing of tokens `first` ..< `first + tokens` by `method`: an existing one or a new one.
static sotto_packing *packing_for(sotto_workspace *workspace, sotto_run_shape *shape, const sotto_linear_call *call,
                                  const sotto_method *method, size_t first, size_t tokens) {
  const float *x = call->x + first * call->x_stride;
  sotto_packing *list = workspace->packings;
  for (size_t i = 0; i < shape->packings; i++)
    if (sotto_shares_pack(&list[i], method) && list[i].x == x) return &list[i];
  sotto_packing *last = shape->packings ? &list[shape->packings - 1] : NULL;
  size_t bytes = last ? sotto_pack_size(sotto_packed_tokens(last->tokens, last->method.uses_amx),
                                        sotto_block_count(shape->columns), last->method.pack_bytes)
                      : 0;
  list[shape->packings] = (sotto_packing){.method = *method,
                                          .x = x,
                                          .out = last ? last->out + bytes : workspace->packs,
                                          .tokens = tokens,
                                          .units_end = (last ? last->units_end : 0) + sotto_pack_units(method, tokens)};
  return &list[shape->packings++];
}

int sotto_linear(sotto_workspace *workspace, const sotto_linear_call *call) {
  if (call->layer_count == 0 || call->tokens == 0) return 0;
  sotto_isa_level level = sotto_isa();
  size_t columns = call->layers[0].weight.columns, blocks = sotto_block_count(columns), bytes = 0, largest = 0;
  int uses_amx = 0;
  for (size_t i = 0; i < call->layer_count; i++) {
    sotto_method method = sotto_method_for(&call->layers[i].weight, call->precision, level, call->tokens);
    if (method.pack_bytes > largest) largest = method.pack_bytes;
    uses_amx |= method.uses_amx;
  }
  if (uses_amx && sotto_workspace_reserve_amx(workspace)) return -1;
  size_t chunks = sotto_chunk_count(call->tokens, blocks * largest, uses_amx);
  size_t kinds = call->layer_count < SOTTO_PACK_KINDS ? call->layer_count : SOTTO_PACK_KINDS;
  size_t most = sotto_packed_tokens((call->tokens + chunks - 1) / chunks, uses_amx);
  bytes = kinds * chunks * sotto_pack_size(most, blocks, largest);
  if (sotto_workspace_reserve(workspace, bytes, chunks * call->layer_count)) return -1;

  sotto_run_shape shape = {.columns = columns,
                           .x_stride = call->x_stride,
                           .y_stride = call->y_stride,
                           .residual_stride = call->residual_stride};
  for (size_t chunk = 0; chunk < chunks; chunk++) {
    size_t first = chunk * call->tokens / chunks, tokens = (chunk + 1) * call->tokens / chunks - first, column = 0;
    for (size_t i = 0; i < call->layer_count; i++) {
      const sotto_layer *layer = &call->layers[i];
      sotto_method method = sotto_method_for(&layer->weight, call->precision, level, call->tokens);
      const float *residual = call->residual ? call->residual + first * call->residual_stride + column : NULL;
      workspace->products[shape.products++] = (sotto_product){
          .view = sotto_matrix_view(&layer->weight, 0),
          .method = method,
          .bias = layer->bias,
          .pack = packing_for(workspace, &shape, call, &method, first, tokens)->out,
          .tokens = tokens,
          .residual = residual,
          .y = call->y + first * call->y_stride + column,
          .tiles = sotto_tile_count(&method, layer->weight.rows),
      };
      column += layer->weight.rows;
    }
  }
  sotto_run_products(workspace, &shape);
  return 0;
}
