static void LEVEL(combine_experts)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const combination *c = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    const int32_t *slots = c->slots + row * c->chosen;
    const float *weights = c->weights + row * c->chosen;
    const float *residual = c->residual.data ? c->residual.data + row * c->residual.stride : NULL;
    float *output = c->output + row * c->columns;
    for (ptrdiff_t i = 0; i < c->columns; i += 16) {
      ptrdiff_t count = c->columns - i < 16 ? c->columns - i : 16;
      v16 sum = residual ? LEVEL(load_some)(residual + i, count) : LEVEL(all)(0);
      for (ptrdiff_t k = 0; k < c->chosen; k++)
        sum += weights[k] * LEVEL(load_some)(c->x.data + slots[k] * c->x.stride + i, count);
      LEVEL(store_some)(output + i, sum, count);
    }
  }
}
