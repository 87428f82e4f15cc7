// The scan for one level.
#include "../common/tile.body.h"

// Steps of `count` rows of a head from `row` on.
static void LEVEL(steps_of)(scan_call *s, ptrdiff_t row, ptrdiff_t count, ptrdiff_t head, float *steps) {
  for (ptrdiff_t t = 0; t < count; t++) steps[t] = s->dt.data[(row + t) * s->dt.stride + head];
  for (ptrdiff_t t = 0; t < count; t += 16) {
    ptrdiff_t some = count - t < 16 ? count - t : 16;
    v16 step = LEVEL(softplus)(LEVEL(load_some)(steps + t, some) + s->dt_bias[head]);
    step = LEVEL(minimum)(LEVEL(maximum)(step, LEVEL(all)(s->least_step)), LEVEL(all)(s->most_step));
    LEVEL(store_some)(steps + t, step, some);
  }
}

#include "step.body.h"
#include "chunk.body.h"
