// The configuration of AMX's tiles; see common/amx.h.
#include "common/amx.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

/// What this thread's tiles are prepared for, or 0.
static _Thread_local size_t prepared;

SOTTO_TARGET_AMX void sotto_begin_amx(size_t rows) {
  enum { TILES = 8 };
  if (prepared == rows) return;
  prepared = rows;
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shapes = {.palette = 1};
  for (int i = 0; i < TILES; i++) {
    shapes.row_bytes[i] = SOTTO_TILE_LINE;
    shapes.rows[i] = SOTTO_TILE_ROWS;
  }
  size_t last = (rows - 1) / SOTTO_TILE_ROWS;
  shapes.rows[last] = shapes.rows[7] = (uint8_t)(rows - last * SOTTO_TILE_ROWS);
  _tile_loadconfig(&shapes);
}

SOTTO_TARGET_AMX void sotto_end_amx(void) {
  if (prepared) _tile_release();
  prepared = 0;
}
#else
void sotto_begin_amx(size_t rows) { (void)rows; }
void sotto_end_amx(void) {}
#endif
