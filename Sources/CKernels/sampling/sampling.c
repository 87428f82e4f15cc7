// How a token is sampled; the passes over logits are in sampling.body.h.
#include "sampling.h"

#include <math.h>
#include <string.h>

#include "../common/parallel.h"
#include "candidates.h"

#define SOTTO_BODY "../sampling/sampling.body.h"
#include "../common/levels.h"

static const sotto_units summarise_kernels[] = LEVELS(summarise);
static ptrdiff_t (*const argmax_kernels[])(const float *, ptrdiff_t) = LEVELS(argmax);
static ptrdiff_t (*const draw_kernels[])(const float *, ptrdiff_t, float, float, double) = LEVELS(draw);
static void (*const gather_kernels[])(const float *, ptrdiff_t, ptrdiff_t, float, candidates *) = LEVELS(gather);
static void (*const weigh_kernels[])(candidates *, float, float) = LEVELS(weigh);

static ptrdiff_t chunk_count(ptrdiff_t count) { return (count + CHUNK - 1) / CHUNK; }
static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

static ptrdiff_t room(ptrdiff_t count) { return (count + 31) / 16 * 16; }

// A copy of the row if logits are adjusted, chunks, and candidates: tokens, logits, weights and spare room for two.
size_t sotto_sampling_scratch(ptrdiff_t count) { return (size_t)(6 * room(count) + room(2 * chunk_count(count))); }

/// A summarised row.
typedef struct {
  summary summary;
  candidates candidates;
  float top;     // the largest logit, clamped to ±FLT_MAX
  double total;  // the sum of all weights relative to it
} row;

/// Summarises a row; returns 0 if none of its logits is a number above -infinity.
static int summarise_row(sotto_pool *pool, row *r, const float *x, ptrdiff_t count, float scale, float *scratch) {
  ptrdiff_t chunks = chunk_count(count);
  r->summary = (summary){x, count, scale, (chunk *)scratch};
  scratch += room(2 * chunks);
  ptrdiff_t step = room(count);
  r->candidates = (candidates){(int32_t *)scratch, scratch + step, scratch + 2 * step, scratch + 3 * step, 0};
  // An exponential costs more per number than most operations.
  sotto_divide(pool, summarise_kernels[sotto_isa()], &r->summary, chunks, 2 * count);
  r->top = -FLT_MAX;
  r->total = 0;
  for (ptrdiff_t i = 0; i < chunks; i++) r->top = fmaxf(r->top, r->summary.chunks[i].top);
  for (ptrdiff_t i = 0; i < chunks; i++) {
    const chunk *c = &r->summary.chunks[i];
    r->total += (double)c->sum * exp(((double)c->top - (double)r->top) * (double)scale);
  }
  return r->total > 0;
}

/// Gathers all candidates with a logit of at least `threshold`. Reads only chunks that contain some.
static void gather(row *r, float threshold) {
  r->candidates.count = 0;
  for (ptrdiff_t i = 0; i * CHUNK < r->summary.count; i++) {
    if (r->summary.chunks[i].top < threshold) continue;
    ptrdiff_t last = smaller((i + 1) * CHUNK, r->summary.count);
    gather_kernels[sotto_isa()](r->summary.x, i * CHUNK, last, threshold, &r->candidates);
  }
  weigh_kernels[sotto_isa()](&r->candidates, r->top, r->summary.scale);
}

static void gather_top_k(row *r, ptrdiff_t k) {
  // The k-th largest of the chunks' largest logits is at most the k-th largest logit.
  ptrdiff_t chunks = chunk_count(r->summary.count), rank = smaller(k, chunks);
  for (ptrdiff_t i = 0; i < chunks; i++) r->candidates.spare[i] = r->summary.chunks[i].top;
  float threshold = kth_largest(r->candidates.spare, chunks, rank);
  gather(r, threshold);
  // With fewer chunks than k it is a guess, which is lowered a few times before all logits are gathered.
  for (int i = 0; i < 4 && r->candidates.count < k; i++) {
    threshold = fmaxf(threshold - 0.25f * (r->top - threshold), -FLT_MAX);
    gather(r, threshold);
  }
  if (r->candidates.count < k) gather(r, -FLT_MAX);
  keep_top_k(&r->candidates, k);
}

/// Gathers all candidates that top-p and min-p may keep, and some more.
static void gather_likely(row *r, float top_p, float min_p) {
  double temperature = 1 / (double)r->summary.scale, top = (double)r->top, least = -INFINITY;
  // Rounding moves a threshold by far less.
  double slack = 0.01 * temperature + 1e-6 * fabs(top);
  // All logits below this have together less than 1 - top_p of the weight.
  if (top_p < 1) {
    double share = (1 - (double)top_p) * r->total / (double)r->summary.count;
    least = top + temperature * log(share) - slack;
  }
  if (min_p > 0) least = fmax(least, top + temperature * log(fmin((double)min_p, 1)) - slack);
  least = fmax(least, -(double)FLT_MAX);
  // A few candidates are usually enough.
  for (int range = 6; top_p < 1 && range <= 12; range += 3) {
    double few = top - range * temperature;
    if (few <= least) break;
    gather(r, (float)few);
    if (mass(&r->candidates) >= (double)top_p * r->total) return;
  }
  gather(r, (float)least);
}

static ptrdiff_t draw_candidate(const candidates *c, double uniform) {
  double target = uniform * mass(c), sum = 0;
  ptrdiff_t latest = -1;
  for (ptrdiff_t i = 0; i < c->count; i++) {
    if (!(c->weights[i] > 0)) continue;
    latest = c->tokens[i];
    sum += (double)c->weights[i];
    if (sum > target) break;
  }
  return latest;
}

/// Draws from all tokens of the row.
static ptrdiff_t draw_any(const row *r, double uniform) {
  double target = uniform * r->total, sum = 0;
  ptrdiff_t chosen = 0, chunks = chunk_count(r->summary.count);
  double before = 0, factor = 1;
  for (ptrdiff_t i = 0; i < chunks; i++) {
    const chunk *c = &r->summary.chunks[i];
    double relative = exp(((double)c->top - (double)r->top) * (double)r->summary.scale);
    if (!((double)c->sum * relative > 0)) continue;
    chosen = i, before = sum, factor = relative;
    sum += (double)c->sum * relative;
    if (sum > target) break;
  }
  ptrdiff_t first = chosen * CHUNK;
  ptrdiff_t index =
      draw_kernels[sotto_isa()](r->summary.x + first, smaller(CHUNK, r->summary.count - first),
                                r->summary.chunks[chosen].top, r->summary.scale, (target - before) / factor);
  return index < 0 ? index : first + index;
}

static ptrdiff_t sample_row(sotto_pool *pool, const float *x, ptrdiff_t count, const sotto_sampling *s,
                            float *scratch) {
  if (s->adjustment_count > 0) {
    memcpy(scratch, x, (size_t)count * sizeof(float));
    for (ptrdiff_t i = 0; i < s->adjustment_count; i++) {
      const sotto_logit_adjustment *a = &s->adjustments[i];
      if (a->token < 0 || a->token >= count) continue;
      float y = scratch[a->token] + a->bias;
      scratch[a->token] = (y > 0 ? y / a->repetition : y * a->repetition) - a->penalty;
    }
    x = scratch;
    scratch += room(count);
  }
  if (!(s->temperature > 0)) return argmax_kernels[sotto_isa()](x, count);
  row r;
  if (!summarise_row(pool, &r, x, count, fminf(1 / s->temperature, FLT_MAX), scratch)) return -1;
  int limits_k = s->top_k > 0 && s->top_k < count;
  float top_p = fmaxf(s->top_p, 0);
  if (!limits_k && !(top_p < 1) && !(s->min_p > 0)) return draw_any(&r, s->uniform);
  double total = r.total;
  if (limits_k) {
    gather_top_k(&r, s->top_k);
    total = mass(&r.candidates);
  } else {
    gather_likely(&r, top_p, s->min_p);
  }
  if (top_p < 1) keep_top_p(&r.candidates, (double)top_p * total);
  if (s->min_p > 0) keep_min_p(&r.candidates, fminf(s->min_p, 1));
  return draw_candidate(&r.candidates, s->uniform);
}

typedef struct {
  sotto_rows logits;
  ptrdiff_t count;
  const sotto_sampling *settings;
  float *scratch;
  int32_t *tokens;
  sotto_pool *pool;  // for a single row
} sample_call;

static void sample_rows(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const sample_call *call = arguments;
  for (ptrdiff_t i = first; i < last; i++)
    call->tokens[i] =
        (int32_t)sample_row(call->pool, call->logits.data + i * call->logits.stride, call->count, &call->settings[i],
                            call->scratch + (size_t)i * sotto_sampling_scratch(call->count));
}

void sotto_sample(sotto_pool *pool, sotto_rows logits, ptrdiff_t rows, ptrdiff_t count, const sotto_sampling *settings,
                  float *scratch, int32_t *tokens) {
  sample_call call = {logits, count, settings, scratch, tokens, rows == 1 ? pool : NULL};
  sotto_divide(pool, sample_rows, &call, rows, rows * count);
}

ptrdiff_t sotto_log_probabilities(sotto_pool *pool, const float *x, ptrdiff_t count, ptrdiff_t best, float *scratch,
                                  int32_t *tokens, float *log_probabilities, double *normaliser) {
  row r;
  *normaliser = -INFINITY;
  if (!summarise_row(pool, &r, x, count, 1, scratch)) return 0;
  *normaliser = (double)r.top + log(r.total);
  best = smaller(best, count);
  if (best <= 0) return 0;
  gather_top_k(&r, best);
  // Insertion sort; a later equal stays after an earlier one.
  ptrdiff_t found = 0;
  for (ptrdiff_t i = 0; i < r.candidates.count; i++) {
    float value = (float)((double)held(r.candidates.logits[i]) - *normaliser);
    ptrdiff_t place = found++;
    for (; place > 0 && log_probabilities[place - 1] < value; place--) {
      log_probabilities[place] = log_probabilities[place - 1];
      tokens[place] = tokens[place - 1];
    }
    log_probabilities[place] = value;
    tokens[place] = r.candidates.tokens[i];
  }
  return found;
}
