// The results of passes over logits, and selection among them in expected linear time, without sorting.
#pragma once
#include <float.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK = 1024 };

/// A chunk's largest logit, clamped to ±FLT_MAX, and the sum of its weights relative to that.
typedef struct {
  float top, sum;
} chunk;

/// A row of logits and its chunks. Weights are exp((x - top) * scale).
typedef struct {
  const float *x;
  ptrdiff_t count;
  float scale;
  chunk *chunks;
} summary;

/// Tokens that may be drawn, in ascending order. Each array has room for a whole row and a vector.
typedef struct {
  int32_t *tokens;
  float *logits, *weights;
  float *spare;  // room for two rows
  ptrdiff_t count;
} candidates;

static inline float held(float x) { return x > FLT_MAX ? FLT_MAX : x < -FLT_MAX ? -FLT_MAX : x; }

static inline void exchange(float *x, ptrdiff_t i, ptrdiff_t j) {
  float other = x[i];
  x[i] = x[j];
  x[j] = other;
}

/// The median of three numbers.
static inline float middle(float a, float b, float c) {
  float low = a < b ? a : b, high = a < b ? b : a;
  return c < low ? low : c > high ? high : c;
}

/// Partitions x[low ..< high] into numbers larger than `pivot`, equal to it and smaller. A second array, if given, is
/// rearranged in the same way. Returns the starts of the equal and of the smaller numbers.
static inline void partition(float *x, float *also, ptrdiff_t low, ptrdiff_t high, float pivot, ptrdiff_t *equal,
                             ptrdiff_t *less) {
  ptrdiff_t i = low;
  while (i < high) {
    if (x[i] > pivot) {
      exchange(x, i, low);
      if (also) exchange(also, i, low);
      i++, low++;
    } else if (x[i] < pivot) {
      high--;
      exchange(x, i, high);
      if (also) exchange(also, i, high);
    } else {
      i++;
    }
  }
  *equal = low, *less = high;
}

/// The k-th largest of `count` numbers, which are rearranged (Hoare's quickselect); 1 <= k <= count.
static inline float kth_largest(float *x, ptrdiff_t count, ptrdiff_t k) {
  ptrdiff_t low = 0, high = count;
  for (;;) {
    float pivot = middle(x[low], x[low + (high - low) / 2], x[high - 1]);
    ptrdiff_t equal, less;
    partition(x, NULL, low, high, pivot, &equal, &less);
    if (k <= equal)
      high = equal;
    else if (k <= less)
      return pivot;
    else
      low = less;
  }
}

/// Keeps the candidates whose logit exceeds `threshold`, and the first `equals` of those that equal it.
static inline void keep(candidates *c, float threshold, ptrdiff_t equals) {
  ptrdiff_t kept = 0;
  for (ptrdiff_t i = 0; i < c->count; i++) {
    if (!(c->logits[i] > threshold) && !(c->logits[i] == threshold && equals-- > 0)) continue;
    c->tokens[kept] = c->tokens[i];
    c->logits[kept] = c->logits[i];
    c->weights[kept++] = c->weights[i];
  }
  c->count = kept;
}

static inline void keep_top_k(candidates *c, ptrdiff_t k) {
  if (c->count <= k) return;
  for (ptrdiff_t i = 0; i < c->count; i++) c->spare[i] = c->logits[i];
  float threshold = kth_largest(c->spare, c->count, k);
  ptrdiff_t larger = 0;
  for (ptrdiff_t i = 0; i < c->count; i++) larger += c->logits[i] > threshold;
  keep(c, threshold, k - larger);
}

static inline double mass(const candidates *c) {
  double sum = 0;
  for (ptrdiff_t i = 0; i < c->count; i++) sum += (double)c->weights[i];
  return sum;
}

/// Keeps the largest candidates until their weights reach `wanted`, at least one: a quickselect by sums of weights.
static inline void keep_top_p(candidates *c, double wanted) {
  float *logits = c->spare, *weights = c->spare + c->count;
  for (ptrdiff_t i = 0; i < c->count; i++) logits[i] = c->logits[i], weights[i] = c->weights[i];
  ptrdiff_t low = 0, high = c->count;
  double above = 0;
  while (low < high) {
    float pivot = middle(logits[low], logits[low + (high - low) / 2], logits[high - 1]);
    ptrdiff_t equal, less;
    partition(logits, weights, low, high, pivot, &equal, &less);
    double larger = 0;
    for (ptrdiff_t i = low; i < equal; i++) larger += (double)weights[i];
    if (equal > low && above + larger >= wanted) {
      high = equal;
      continue;
    }
    double each = (double)weights[equal];
    ptrdiff_t equals = 0;
    above += larger;
    do above += each, equals++;
    while (above < wanted && equals < less - equal);
    if (above >= wanted) {
      keep(c, pivot, equals);
      return;
    }
    low = less;
  }
}

static inline void keep_min_p(candidates *c, float least) {
  ptrdiff_t kept = 0;
  for (ptrdiff_t i = 0; i < c->count; i++) {
    if (!(c->weights[i] >= least)) continue;
    c->tokens[kept] = c->tokens[i];
    c->logits[kept] = c->logits[i];
    c->weights[kept++] = c->weights[i];
  }
  c->count = kept;
}
