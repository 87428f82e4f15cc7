// Sampling: selecting a token by a row of logits as long as the vocabulary.
//
// Nothing is sorted. A row is summarised in chunks (largest logit, sum of exponentials) in one pass over memory; a
// draw then reads one chunk. Filters gather the few candidates that can pass, skipping chunks whose largest logit is
// too small, and select among them. Logits that are not numbers count as impossible.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "elementwise.h"
#include "thread_pool.h"

/// A change to one token's logit x: y = x + bias; y = y > 0 ? y / repetition : y * repetition; y = y - penalty.
typedef struct {
  int32_t token;
  float bias, repetition, penalty;
} sotto_logit_adjustment;

/// How the token of one row is sampled. The filters are applied in this order:
///   top-k: the k largest logits, the lower token first among equals.
///   top-p: the most likely of those until their probabilities reach p, at least one (arXiv:1904.09751).
///   min-p: those at least p times as likely as the most likely (arXiv:2407.01082).
typedef struct {
  float temperature;  // divides the logits; 0 for the largest logit, the first among equals
  ptrdiff_t top_k;    // 0 for all
  float top_p;        // 1 for all
  float min_p;        // 0 for all
  double uniform;     // in [0, 1): the first token whose cumulative probability, in order of ids, exceeds it is drawn
  const sotto_logit_adjustment *adjustments;  // tokens outside the vocabulary are ignored
  ptrdiff_t adjustment_count;
} sotto_sampling;

/// The number of scratch floats for a row of `count` logits.
size_t sotto_sampling_scratch(ptrdiff_t count);
/// Samples a token from every row of logits [rows][count]; -1 if no logit is a number above -infinity. `scratch` has
/// `sotto_sampling_scratch` floats per row.
void sotto_sample(sotto_pool *pool, sotto_rows logits, ptrdiff_t rows, ptrdiff_t count, const sotto_sampling *settings,
                  float *scratch, int32_t *tokens);

/// The tokens of the `best` largest of `count` logits in descending order, the lower token first among equals, and
/// their log probabilities. Returns their number, which is lower if fewer logits are numbers above -infinity.
/// `normaliser` becomes log(sum(exp(x))); a token's log probability is its logit minus that.
ptrdiff_t sotto_log_probabilities(sotto_pool *pool, const float *x, ptrdiff_t count, ptrdiff_t best, float *scratch,
                                  int32_t *tokens, float *log_probabilities, double *normaliser);
