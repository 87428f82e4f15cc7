// Routing in a mixture of experts: from a router's logits to the experts of each token and their weights.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "elementwise.h"
#include "thread_pool.h"

typedef enum {
  SOTTO_SOFTMAX_OVER_CHOSEN = 0,  // softmax over the chosen experts' logits alone
  SOTTO_SOFTMAX = 1,              // softmax over all experts, before the selection
  SOTTO_SIGMOID = 2,              // a sigmoid of each logit
  SOTTO_SPARSE_MIXER = 3,         // one softmax per chosen expert, over the logits close to its own
} sotto_scoring;

typedef struct {
  ptrdiff_t experts, chosen;
  ptrdiff_t groups, kept_groups;  // consecutive groups of equal size; 1 and 1 for no groups
  int best_of_group;              // whether a group's score is its best expert's instead of its two best ones' sum
  sotto_scoring scoring;
  int normalises;           // whether the chosen weights are divided by their sum
  float scale;              // final factor on the weights
  float jitter;             // of the sparse mixer: half of the largest relative distance of logits that compete
  const float *factors;     // on the weights of each expert, after everything else; [experts] or NULL
  const float *correction;  // added to the scores for selection, not to the weights; [experts] or NULL
} sotto_routing;

/// Selects experts for every row of logits [rows][experts]. `experts` and `weights` are [rows][chosen], the best
/// first, the lower index first among equals. Groups are ranked by their two best corrected scores, or by their best one.
/// `scratch` has 2 * rows * experts numbers. Logits that are not numbers are selected last.
void sotto_route(sotto_pool *pool, const sotto_routing *routing, sotto_rows logits, ptrdiff_t rows, int32_t *experts,
                 float *weights, float *scratch);
