// The memory of products: it grows to the largest call and is then reused.
#include "workspace.h"

#include <stdlib.h>

sotto_workspace *sotto_workspace_create(sotto_pool *pool) {
  sotto_workspace *workspace = calloc(1, sizeof *workspace);
  if (!workspace) return NULL;
  workspace->pool = pool;
  workspace->workers = sotto_pool_threads(pool);
  workspace->scratch = aligned_alloc(64, (size_t)workspace->workers * sizeof *workspace->scratch);
  if (!workspace->scratch) {
    free(workspace);
    return NULL;
  }
  return workspace;
}

void sotto_workspace_destroy(sotto_workspace *workspace) {
  if (!workspace) return;
  free(workspace->scratch);
  free(workspace->packs);
  free(workspace->products);
  free(workspace->packings);
  free(workspace);
}

int sotto_workspace_reserve(sotto_workspace *workspace, size_t bytes, size_t products) {
  if (bytes > workspace->pack_capacity) {
    size_t capacity = (bytes + 4095) / 4096 * 4096;
    uint8_t *packs = aligned_alloc(64, capacity);
    if (!packs) return -1;
    free(workspace->packs);
    workspace->packs = packs;
    workspace->pack_capacity = capacity;
  }
  if (products > workspace->product_capacity) {
    sotto_product *list = malloc(products * sizeof *list);
    sotto_packing *packings = malloc(products * sizeof *packings);
    if (!list || !packings) {
      free(list);
      free(packings);
      return -1;
    }
    free(workspace->products);
    free(workspace->packings);
    workspace->products = list;
    workspace->packings = packings;
    workspace->product_capacity = products;
  }
  return 0;
}
