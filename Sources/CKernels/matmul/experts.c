// Mixtures of experts as lists of products, one for every expert that has tokens. Threads take tiles of all products
// in turn, so an expert with many tokens does not delay the others.
#include "workspace.h"

/// Experts have few tokens each, for which most formats' products with AMX take longer. Which one is used must not depend
/// on how many there are: results would then depend on what else is computed and on what a cache holds.
static sotto_method method_for(const sotto_experts_call *call, const sotto_expert_layer *layer, size_t tokens) {
  sotto_precision precision = call->precision;
  if (precision == SOTTO_FAST_PREFILL && !sotto_has_few_amx(layer->weight.format)) precision = SOTTO_FAST;
  return sotto_method_for(&layer->weight, precision, sotto_isa(), tokens);
}

int sotto_experts(sotto_workspace *workspace, const sotto_experts_call *call) {
  const sotto_matrix *shared = &call->layers[0].weight;
  size_t experts = shared->matrices, columns = shared->columns, blocks = sotto_block_count(columns);
  size_t entries = (size_t)call->starts[experts];
  if (entries == 0 || call->layer_count == 0) return 0;
  // Layers whose packs differ (an unusual mixture of formats) have a pack each.
  size_t largest = 0, parts = 0, bytes = 0;
  int uses_amx = 0;
  for (size_t i = 0; i < call->layer_count; i++) {
    // Packs for few tokens are the largest; few tokens do not use panels.
    size_t pack_bytes = method_for(call, &call->layers[i], 1).pack_bytes;
    if (pack_bytes > largest) largest = pack_bytes;
    uses_amx |= method_for(call, &call->layers[i], entries).uses_amx;
  }
  if (uses_amx && sotto_workspace_reserve_amx(workspace)) return -1;
  for (size_t e = 0; e < experts; e++) {
    size_t count = (size_t)(call->starts[e + 1] - call->starts[e]);
    if (count == 0) continue;
    size_t chunks = sotto_chunk_count(count, blocks * largest, uses_amx);
    parts += chunks;
    bytes += chunks * sotto_pack_size(sotto_packed_tokens((count + chunks - 1) / chunks, uses_amx), blocks, largest);
  }
  if (sotto_workspace_reserve(workspace, call->layer_count * bytes, call->layer_count * parts)) return -1;

  sotto_run_shape shape = {.columns = columns, .x_stride = call->x_stride, .y_stride = call->y_stride};
  uint8_t *pack = workspace->packs;
  size_t packed = 0;
  for (size_t e = 0; e < experts; e++) {
    size_t start = (size_t)call->starts[e], count = (size_t)call->starts[e + 1] - start;
    size_t chunks = sotto_chunk_count(count, blocks * largest, uses_amx);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
      size_t first = start + chunk * count / chunks, tokens = start + (chunk + 1) * count / chunks - first, column = 0;
      const sotto_packing *last = NULL;
      for (size_t i = 0; i < call->layer_count; i++) {
        const sotto_expert_layer *layer = &call->layers[i];
        sotto_method method = method_for(call, layer, count);
        size_t rows = layer->weight.rows;
        if (!last || !sotto_shares_pack(last, &method)) {
          packed += sotto_pack_units(&method, tokens);
          workspace->packings[shape.packings] = (sotto_packing){.method = method,
                                                                .x = call->x,
                                                                .x_rows = call->x_rows + first,
                                                                .out = pack,
                                                                .tokens = tokens,
                                                                .units_end = packed};
          last = &workspace->packings[shape.packings++];
          pack += sotto_pack_size(sotto_packed_tokens(tokens, method.uses_amx), blocks, method.pack_bytes);
        }
        const uint8_t *bias = layer->bias;
        workspace->products[shape.products++] = (sotto_product){
            .view = sotto_matrix_view(&layer->weight, e),
            .method = method,
            .bias = bias ? bias + e * rows * sotto_formats[layer->bias_format].bytes : NULL,
            .bias_format = layer->bias_format,
            .pack = last->out,
            .tokens = tokens,
            .y = call->y + (call->y_apart ? e * call->y_apart + (first - start) * call->y_stride
                                          : first * call->y_stride) + column,
            .pairs = call->splits_pairs ? rows / 2 : 0,
            .tiles = sotto_tile_count(&method, rows),
        };
        column += rows;
      }
    }
  }
  sotto_run_products(workspace, &shape);
  return 0;
}

static void combine_task(void *context, int worker, int workers) {
  const sotto_combine_call *call = context;
  size_t begin = call->tokens * call->columns * (size_t)worker / (size_t)workers;
  size_t end = call->tokens * call->columns * ((size_t)worker + 1) / (size_t)workers;
  while (begin < end) {
    size_t token = begin / call->columns, column = begin % call->columns, length = call->columns - column;
    if (length > end - begin) length = end - begin;
    float *restrict y = call->y + token * call->y_stride + column;
    const float *residual = call->residual ? call->residual + token * call->residual_stride + column : NULL;
    for (size_t i = 0; i < length; i++) y[i] = residual ? residual[i] : 0;
    for (size_t k = 0; k < call->count; k++) {
      float weight = call->weights[token * call->count + k];
      const float *x = call->x + (size_t)call->entries[token * call->count + k] * call->x_stride + column;
      for (size_t i = 0; i < length; i++) y[i] += weight * x[i];
    }
    begin += length;
  }
}

void sotto_combine(sotto_pool *pool, const sotto_combine_call *call) {
  sotto_combine_call copy = *call;
  if (call->tokens * call->columns < 16384)
    combine_task(&copy, 0, 1);
  else
    sotto_pool_run(pool, combine_task, &copy);
}
