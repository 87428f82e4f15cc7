// Sampling: choosing tokens by rows of logits, each as long as a vocabulary.
//
// Nothing is sorted. A row is summarised in chunks (the largest logit, the sum of exponentials), which costs one pass
// over memory; a draw then looks at one chunk. Filters gather the few candidates that can pass, skipping the chunks
// whose largest logit cannot, and select among them. Logits that are not numbers count as impossible.
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

/// How the token of one row is chosen, the filters in this order:
///   top-k: the k largest logits; of equals the lower token first.
///   top-p: the likeliest of those until their probabilities reach p, at least one (arXiv:1904.09751).
///   min-p: those at least p times as likely as the likeliest (arXiv:2407.01082).
typedef struct {
  float temperature;  // divides the logits; 0 takes the largest, the first of equals
  ptrdiff_t top_k;    // 0 for all
  float top_p;        // 1 for all
  float min_p;        // 0 for all
  double uniform;     // in [0, 1): the token is the first whose probabilities, summed by token id, exceed it
  const sotto_logit_adjustment *adjustments;  // tokens outside of the vocabulary are ignored
  ptrdiff_t adjustment_count;
} sotto_sampling;

/// Numbers of scratch memory for a row of `count` logits.
size_t sotto_sampling_scratch(ptrdiff_t count);
/// Chooses a token for every row of logits [rows][count]; -1 where no logit is a number above -infinity. `scratch` has
/// `sotto_sampling_scratch` numbers for every row.
void sotto_sample(sotto_pool *pool, sotto_rows logits, ptrdiff_t rows, ptrdiff_t count, const sotto_sampling *settings,
                  float *scratch, int32_t *tokens);

/// The tokens of the `best` largest of `count` logits, the largest first and the lower token first among equals, and
/// the logarithms of their probabilities. Returns how many there are: fewer where fewer logits are numbers above
/// -infinity. `normaliser` becomes log(sum(exp(x))): the logarithm of a token's probability is its logit minus that.
ptrdiff_t sotto_log_probabilities(sotto_pool *pool, const float *x, ptrdiff_t count, ptrdiff_t best, float *scratch,
                                  int32_t *tokens, float *log_probabilities, double *normaliser);
