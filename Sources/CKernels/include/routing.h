// The choice of experts in a mixture: from a router's logits to a few experts and their weights for each token.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "elementwise.h"
#include "thread_pool.h"

typedef enum {
  SOTTO_SOFTMAX_OVER_CHOSEN = 0,  // softmax over the chosen experts' logits alone
  SOTTO_SOFTMAX = 1,              // softmax over all experts, then the choice
  SOTTO_SIGMOID = 2,              // a sigmoid of each logit
} sotto_scoring;

typedef struct {
  ptrdiff_t experts, chosen;
  ptrdiff_t groups, kept_groups;  // groups of equal size that lie one after another; 1 and 1 for no groups
  sotto_scoring scoring;
  int normalises;           // divide the chosen weights by their sum
  float scale;              // factor on the weights in the end
  const float *correction;  // added to the scores for choosing, not for weighing; [experts] or NULL
} sotto_routing;

/// Chooses for every row of logits [rows][experts]: experts and weights are [rows][chosen], the best first, the lower
/// index first among equals. Groups are kept by the sum of their two best corrected scores. `scratch` has
/// 2 * rows * experts numbers. Logits that are not numbers are chosen last.
void sotto_route(sotto_pool *pool, const sotto_routing *routing, sotto_rows logits, ptrdiff_t rows, int32_t *experts,
                 float *weights, float *scratch);
