// The memory of products: it grows to the largest call and is then reused.
#include <stdlib.h>

#if defined(__x86_64__)
#include "amx.h"
#else
#include "workspace.h"
#endif

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
  for (int w = 0; w < workspace->workers; w++) workspace->scratch[w].amx = NULL;
  return workspace;
}

void sotto_workspace_destroy(sotto_workspace *workspace) {
  if (!workspace) return;
  for (int w = 0; w < workspace->workers; w++) free(workspace->scratch[w].amx);
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

int sotto_workspace_reserve_amx(sotto_workspace *workspace) {
#if defined(__x86_64__)
  for (int w = 0; w < workspace->workers; w++) {
    sotto_amx_scratch **scratch = &workspace->scratch[w].amx;
    if (!*scratch) *scratch = aligned_alloc(64, sizeof **scratch);
    if (!*scratch) return -1;
  }
  return 0;
#else
  (void)workspace;
  return -1;
#endif
}
