// The configuration of AMX's tiles; see common/amx.h.
#include "common/amx.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

SOTTO_TARGET_AMX void sotto_begin_amx(void) {
  enum { TILES = 8 };
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shapes = {.palette = 1};
  for (int i = 0; i < TILES; i++) {
    shapes.row_bytes[i] = SOTTO_TILE_LINE;
    shapes.rows[i] = 16;
  }
  _tile_loadconfig(&shapes);
}

SOTTO_TARGET_AMX void sotto_end_amx(void) { _tile_release(); }
#else
void sotto_begin_amx(void) {}
void sotto_end_amx(void) {}
#endif
