// Routing: vectorised scores, then one pass over the experts for each selected one.
#include "routing.h"

#include <math.h>

#include "../common/parallel.h"

typedef struct {
  const sotto_routing *routing;
  sotto_rows logits;
  int32_t *experts;
  float *weights, *scratch;
} route_call;

// The index of the largest of `count` numbers above -infinity, the first among equals; -1 if there is none.
static inline ptrdiff_t best_of(const float *x, ptrdiff_t count) {
  float top = -__builtin_inff();
  ptrdiff_t best = -1;
  for (ptrdiff_t i = 0; i < count; i++)
    if (x[i] > top) top = x[i], best = i;
  return best;
}

// Sets the scores of all groups but the kept ones to -infinity.
static inline void drop_groups(const sotto_routing *r, float *scores) {
  ptrdiff_t size = r->experts / r->groups;
  for (ptrdiff_t dropped = 0; dropped < r->groups - r->kept_groups; dropped++) {
    ptrdiff_t worst = -1;
    float least = __builtin_inff();
    for (ptrdiff_t group = 0; group < r->groups; group++) {
      float first = -__builtin_inff(), second = first;
      for (ptrdiff_t i = group * size; i < (group + 1) * size; i++) {
        if (scores[i] > first)
          second = first, first = scores[i];
        else if (scores[i] > second)
          second = scores[i];
      }
      if (first == -__builtin_inff()) continue;  // dropped before
      float sum = size > 1 && !r->best_of_group ? first + second : first;
      // Among equal groups the first is kept.
      if (sum <= least) least = sum, worst = group;
    }
    if (worst < 0) return;
    for (ptrdiff_t i = worst * size; i < (worst + 1) * size; i++) scores[i] = -__builtin_inff();
  }
}

// The weight of the expert `best` among those that are not chosen yet (SparseMixer, arXiv:2409.12136): a softmax over
// the logits whose distance from its own is at most 2 * jitter of the larger magnitude.
static inline float sparse_weight(const sotto_routing *r, const float *logits, const float *choice, ptrdiff_t best) {
  float top = logits[best], sum = 0;
  for (ptrdiff_t i = 0; i < r->experts; i++) {
    if (choice[i] == -__builtin_inff()) continue;
    float size = fabsf(logits[i]);
    if (top - logits[i] <= 2 * r->jitter * (size > top ? size : top)) sum += expf(logits[i] - top);
  }
  return 1 / sum;
}

#define SOTTO_BODY "../routing/routing.body.h"
#include "../common/levels.h"

void sotto_route(sotto_pool *pool, const sotto_routing *routing, sotto_rows logits, ptrdiff_t rows, int32_t *experts,
                 float *weights, float *scratch) {
  static const sotto_units kernels[] = LEVELS(route);
  route_call call = {routing, logits, experts, weights, scratch};
  // Each selection is a pass over the experts.
  sotto_divide(pool, kernels[sotto_isa()], &call, rows, rows * routing->experts * (routing->chosen + 4));
}
