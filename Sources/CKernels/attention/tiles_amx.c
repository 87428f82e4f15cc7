// Products of 16 query rows with AMX; see tiles_amx.h.
#include "tiles_amx.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "../common/amx.h"

SOTTO_TARGET_AMX void sotto_score_tiles(const uint32_t *query, ptrdiff_t depth, const uint32_t *keys, ptrdiff_t groups,
                                        float (*scores)[SOTTO_PAGE_POSITIONS]) {
  const ptrdiff_t row = 4 * depth, next = 16 * depth, line = 4 * SOTTO_PAGE_POSITIONS;
  ptrdiff_t g = 0;
  for (; g + 2 <= groups; g += 2, keys += 2 * next) {
    _tile_zero(0);
    _tile_zero(1);
    for (ptrdiff_t d = 0; d < depth; d += 16) {
      _tile_loadd(4, query + d, row);
      _tile_loadd(6, keys + 16 * d, SOTTO_TILE_LINE);
      _tile_loadd(7, keys + next + 16 * d, SOTTO_TILE_LINE);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
    }
    _tile_stored(0, *scores + 16 * g, line);
    _tile_stored(1, *scores + 16 * g + 16, line);
  }
  if (g == groups) return;
  _tile_zero(0);
  for (ptrdiff_t d = 0; d < depth; d += 16) {
    _tile_loadd(4, query + d, row);
    _tile_loadd(6, keys + 16 * d, SOTTO_TILE_LINE);
    _tile_dpbf16ps(0, 4, 6);
  }
  _tile_stored(0, *scores + 16 * g, line);
}

SOTTO_TARGET_AMX void sotto_value_tiles(const uint32_t (*weights)[SOTTO_PAGE_POSITIONS / 2], const uint32_t *values,
                                        ptrdiff_t positions, ptrdiff_t stride, float *sums) {
  const ptrdiff_t row = 2 * SOTTO_PAGE_POSITIONS, line = 4 * stride;
  const int both = positions > 32;
  _tile_loadd(4, weights, row);
  if (both) _tile_loadd(5, *weights + 16, row);
  ptrdiff_t c = 0;
  for (; c + 32 <= stride; c += 32) {
    _tile_loadd(0, sums + c, line);
    _tile_loadd(1, sums + c + 16, line);
    _tile_loadd(6, values + c, line);
    _tile_loadd(7, values + c + 16, line);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (both) {
      _tile_loadd(6, values + 16 * stride + c, line);
      _tile_loadd(7, values + 16 * stride + c + 16, line);
      _tile_dpbf16ps(0, 5, 6);
      _tile_dpbf16ps(1, 5, 7);
    }
    _tile_stored(0, sums + c, line);
    _tile_stored(1, sums + c + 16, line);
  }
  if (c == stride) return;
  _tile_loadd(0, sums + c, line);
  _tile_loadd(6, values + c, line);
  _tile_dpbf16ps(0, 4, 6);
  if (both) {
    _tile_loadd(6, values + 16 * stride + c, line);
    _tile_dpbf16ps(0, 5, 6);
  }
  _tile_stored(0, sums + c, line);
}
#endif
