// The causal convolution for one level.
//
// `count` channels of one row from `first` on. `inputs` are the rows that the taps read. `taps` and `silu` are
// constants for the usual call after inlining.
vector_function void LEVEL(convolve_row)(const sotto_convolution *c, const float *const *inputs, float *output,
                                         ptrdiff_t first, ptrdiff_t count, const ptrdiff_t taps, const int silu) {
  ptrdiff_t i = first, end = first + count;
  for (; i + 16 <= end; i += 16) {
    v16 sum = c->bias ? LEVEL(load)(c->bias + i) : LEVEL(all)(0);
    for (ptrdiff_t k = 0; k < taps; k++)
      sum += LEVEL(load)(c->weight + k * c->channels + i) * LEVEL(load)(inputs[k] + i);
    LEVEL(store)(output + i, silu ? sum * LEVEL(sigmoid)(sum) : sum);
  }
  if (i == end) return;
  v16 sum = c->bias ? LEVEL(load_some)(c->bias + i, end - i) : LEVEL(all)(0);
  for (ptrdiff_t k = 0; k < taps; k++)
    sum += LEVEL(load_some)(c->weight + k * c->channels + i, end - i) * LEVEL(load_some)(inputs[k] + i, end - i);
  LEVEL(store_some)(output + i, silu ? sum * LEVEL(sigmoid)(sum) : sum, end - i);
}

// Stores the sequence's last taps - 1 inputs of these channels.
static void LEVEL(carry)(const sotto_convolution *c, const sotto_convolved *s, ptrdiff_t first, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < c->taps - 1; i++) {
    // The input's index among the stored ones followed by the rows; never an index that was already replaced.
    ptrdiff_t from = i + s->rows, row = from - (c->taps - 1);
    const float *source = row < 0 ? s->inputs + from * c->channels : c->x.data + (s->row + row) * c->x.stride;
    memcpy(s->inputs + i * c->channels + first, source + first, (size_t)count * sizeof(float));
  }
}

static void LEVEL(convolve)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const division *d = arguments;
  const sotto_convolution *c = d->convolution;
  for (ptrdiff_t unit = begin; unit < end; unit++) {
    const sotto_convolved *s = &c->sequences[unit / d->segments];
    ptrdiff_t first = unit % d->segments * d->segment_channels;
    ptrdiff_t count = c->channels - first < d->segment_channels ? c->channels - first : d->segment_channels;
    if (s->rows == 0) continue;
    for (ptrdiff_t t = 0; t < s->rows; t++) {
      const float *inputs[SOTTO_MOST_TAPS];
      for (ptrdiff_t k = 0; k < c->taps; k++) {
        ptrdiff_t row = t - (c->taps - 1) + k;
        inputs[k] = row < 0 ? s->inputs + (t + k) * c->channels : c->x.data + (s->row + row) * c->x.stride;
      }
      float *output = c->output + (s->row + t) * c->channels;
      if (c->taps == 4 && c->silu)
        LEVEL(convolve_row)(c, inputs, output, first, count, 4, 1);
      else
        LEVEL(convolve_row)(c, inputs, output, first, count, c->taps, c->silu);
    }
    LEVEL(carry)(c, s, first, count);
  }
}
