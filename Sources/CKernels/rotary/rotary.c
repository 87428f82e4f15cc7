// The angles of a step's positions are computed once for all layers; the rotation is one pass.
#include "rotary.h"

#include <math.h>
#include <string.h>

#include "../common/parallel.h"

typedef struct {
  float *output;
  sotto_rows x;
  ptrdiff_t heads, head_size, first, count;
  const float *angles;
  int interleaved;
} rotation;

#define SOTTO_BODY "../rotary/rotary.body.h"
#include "../common/levels.h"

void sotto_rotary(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t heads,
                  ptrdiff_t head_size, ptrdiff_t first, const float *angles, ptrdiff_t count, int interleaved) {
  static const sotto_units kernels[] = LEVELS(rotate);
  rotation r = {output, x, heads, head_size, first, count, angles, interleaved};
  sotto_divide(pool, kernels[sotto_isa()], &r, rows, rows * heads * head_size);
}

typedef struct {
  float *angles;
  const int32_t *positions;
  const float *frequencies;
  ptrdiff_t count;
  float amplitude;
} angle_table;

static void angle_rows(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const angle_table *t = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    float *cosines = t->angles + row * 2 * t->count, *sines = cosines + t->count;
    for (ptrdiff_t i = 0; i < t->count; i++) {
      double angle = (double)t->positions[row] * (double)t->frequencies[i];
      cosines[i] = (float)(cos(angle) * t->amplitude);
      sines[i] = (float)(sin(angle) * t->amplitude);
    }
  }
}

void sotto_rotary_angles(sotto_pool *pool, float *angles, const int32_t *positions, ptrdiff_t rows,
                         const float *frequencies, ptrdiff_t count, float amplitude) {
  angle_table t = {angles, positions, frequencies, count, amplitude};
  // A cosine and a sine cost as much as some tens of additions.
  sotto_divide(pool, angle_rows, &t, rows, rows * count * 32);
}
