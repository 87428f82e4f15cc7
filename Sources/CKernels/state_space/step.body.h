// The recurrence token by token, for one level: one pass over the state per token, which is limited by the memory that
// it reads. It goes through STREAMS parts of a head's state at the same time: the hardware prefetcher follows a stream
// up to the end of a page, so that one stream alone waits for memory at each. Measured on Emerald Rapids, for 16
// sequences of 16 layers of 80 heads [128, 64] on both cores: 36.8 ms with one stream, 29.0 with four, 28.3 with eight.
// Writing the state back is not what takes the time: a pass that only reads takes 26.4 ms.

// A row of the state and `vectors` vectors of its columns, the last of which has `last` numbers.
vector_function void LEVEL(step_row)(const int vectors, ptrdiff_t last, float *state, float from, float to,
                                     const v16 *input, float decay, v16 *sum) {
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

// One token and `vectors` vectors of a head's columns.
vector_function void LEVEL(step_columns)(const int vectors, ptrdiff_t last, float *state, ptrdiff_t stride,
                                         ptrdiff_t state_size, const float *b, const float *c, const float *x,
                                         float step, float decay, float skip, float *y) {
  v16 input[4], sum[4];
  unrolled for (int v = 0; v < vectors; v++) {
    v16 columns = v == vectors - 1 && last < 16 ? LEVEL(load_some)(x + 16 * v, last) : LEVEL(load)(x + 16 * v);
    input[v] = columns * step;
    sum[v] = columns * skip;
  }
  ptrdiff_t part = state_size / STREAMS;
  for (ptrdiff_t i = 0; i < part; i++)
    unrolled for (int stream = 0; stream < STREAMS; stream++) {
      ptrdiff_t n = i + stream * part;
      LEVEL(step_row)(vectors, last, state + n * stride, b[n], c[n], input, decay, sum);
    }
  for (ptrdiff_t n = STREAMS * part; n < state_size; n++)
    LEVEL(step_row)(vectors, last, state + n * stride, b[n], c[n], input, decay, sum);
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
