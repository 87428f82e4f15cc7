// Routing of rows for one level.

// scores = sigmoid(x), or exp(x - largest) / sum, or x; -infinity if x is not a number.
vector_function void LEVEL(score_experts)(sotto_scoring scoring, const float *x, ptrdiff_t count, float *scores) {
  float top = -__builtin_inff(), sum = 0;
  for (ptrdiff_t i = 0; i < count; i++) top = x[i] > top ? x[i] : top;
  for (ptrdiff_t i = 0; i < count; i += 16) {
    ptrdiff_t some = count - i < 16 ? count - i : 16;
    v16 logits = LEVEL(load_some)(x + i, some), y = logits;
    if (scoring == SOTTO_SIGMOID) y = LEVEL(sigmoid)(logits);
    if (scoring == SOTTO_SOFTMAX) {
      y = LEVEL(select)(LEVEL(iota)() < (int32_t)some, LEVEL(exp)(logits - top), LEVEL(all)(0));
      y = LEVEL(select)(logits == logits, y, LEVEL(all)(0));
      sum += LEVEL(sum)(y);
    }
    y = LEVEL(select)(logits == logits, y, LEVEL(all)(-__builtin_inff()));
    LEVEL(store_some)(scores + i, y, some);
  }
  if (scoring == SOTTO_SOFTMAX)
    for (ptrdiff_t i = 0; i < count; i++) scores[i] /= sum;
}

static void LEVEL(route)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const route_call *call = arguments;
  const sotto_routing *r = call->routing;
  for (ptrdiff_t row = first; row < last; row++) {
    float *scores = call->scratch + row * 2 * r->experts, *choice = scores + r->experts;
    int32_t *experts = call->experts + row * r->chosen;
    float *weights = call->weights + row * r->chosen;
    LEVEL(score_experts)(r->scoring, call->logits.data + row * call->logits.stride, r->experts, scores);
    for (ptrdiff_t i = 0; i < r->experts; i++) choice[i] = scores[i] + (r->correction ? r->correction[i] : 0);
    if (r->groups > 1) drop_groups(r, choice);
    float sum = 0;
    for (ptrdiff_t k = 0; k < r->chosen; k++) {
      ptrdiff_t best = best_of(choice, r->experts);
      // Fewer numbers than experts requested: an expert without weight.
      experts[k] = best < 0 ? 0 : (int32_t)best;
      weights[k] = best < 0 ? 0 : scores[best];
      if (best >= 0 && r->scoring == SOTTO_SPARSE_MIXER) weights[k] = sparse_weight(r, scores, choice, best);
      if (best >= 0) choice[best] = -__builtin_inff();
      if (best >= 0 && r->scoring == SOTTO_SOFTMAX_OVER_CHOSEN)
        weights[k] = LEVEL(exp)(LEVEL(all)(scores[best] - scores[experts[0]]))[0];
      sum += weights[k];
    }
    float factor = r->scale;
    if (r->normalises || r->scoring == SOTTO_SOFTMAX_OVER_CHOSEN) factor /= sum > 0 ? sum : 1;
    for (ptrdiff_t k = 0; k < r->chosen; k++) weights[k] *= r->factors ? factor * r->factors[experts[k]] : factor;
  }
}
