// The recurrence token by token, for one level: one pass over the state per token.

// One token and `vectors` vectors of a head's columns, the last of which has `last` numbers.
vector_function void LEVEL(step_columns)(const int vectors, ptrdiff_t last, float *state, ptrdiff_t stride,
                                         ptrdiff_t state_size, const float *b, const float *c, const float *x,
                                         float step, float decay, float skip, float *y) {
  v16 input[4], sum[4];
  unrolled for (int v = 0; v < vectors; v++) {
    v16 columns = v == vectors - 1 && last < 16 ? LEVEL(load_some)(x + 16 * v, last) : LEVEL(load)(x + 16 * v);
    input[v] = columns * step;
    sum[v] = columns * skip;
  }
  for (ptrdiff_t n = 0; n < state_size; n++, state += stride) {
    float from = b[n], to = c[n];
    unrolled for (int v = 0; v < vectors; v++) {
      int some = v == vectors - 1 && last < 16;
      v16 h = some ? LEVEL(load_some)(state + 16 * v, last) : LEVEL(load)(state + 16 * v);
      h = h * decay + input[v] * from;
      sum[v] += h * to;
      if (some)
        LEVEL(store_some)(state + 16 * v, h, last);
      else
        LEVEL(store)(state + 16 * v, h);
    }
  }
  unrolled for (int v = 0; v < vectors; v++) {
    if (v == vectors - 1 && last < 16)
      LEVEL(store_some)(y + 16 * v, sum[v], last);
    else
      LEVEL(store)(y + 16 * v, sum[v]);
  }
}

static void LEVEL(scan_by_step)(scan_call *s, const sotto_scanned *sequence, ptrdiff_t first, ptrdiff_t last,
                                workspace *w) {
  ptrdiff_t p = s->head_size, n = s->state_size, group_heads = s->heads / s->groups;
  for (ptrdiff_t head = first; head < last; head++) {
    float *state = sequence->state + head * n * p, skip = s->d ? s->d[head] : 0, rate = decay_rate(s, head);
    LEVEL(steps_of)(s, sequence->row, sequence->rows, head, w->step);
    for (ptrdiff_t t = 0; t < sequence->rows; t++) {
      ptrdiff_t row = sequence->row + t, i = 0;
      const float *x = s->x.data + row * s->x.stride + head * p;
      const float *b = s->b.data + row * s->b.stride + head / group_heads * n;
      const float *c = s->c.data + row * s->c.stride + head / group_heads * n;
      float *y = s->output + (row * s->heads + head) * p;
      float step = w->step[t], decay = exp2f(rate * step);
      for (; i + 64 <= p; i += 64)
        LEVEL(step_columns)(4, 16, state + i, p, n, b, c, x + i, step, decay, skip, y + i);
      for (; i + 16 <= p; i += 16)
        LEVEL(step_columns)(1, 16, state + i, p, n, b, c, x + i, step, decay, skip, y + i);
      if (i < p) LEVEL(step_columns)(1, p - i, state + i, p, n, b, c, x + i, step, decay, skip, y + i);
    }
  }
}
