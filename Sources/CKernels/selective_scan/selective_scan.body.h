// The selective scan for one level.

// All rows of a sequence for `count` (1 to 16) channels from `first` on. State and rates are copied, because their rows
// are far apart and often fall into the same set of the L1 cache. `is_whole` is a constant after inlining.
vector_function void LEVEL(scan_channels)(const sotto_selective_scan *s, const sotto_selected *sequence,
                                          ptrdiff_t first, const int is_whole, ptrdiff_t count) {
  ptrdiff_t n = s->state_size;
  float state[16 * SOTTO_MOST_SELECTIVE_STATES], rate[16 * SOTTO_MOST_SELECTIVE_STATES];
#define LOAD(p) (is_whole ? LEVEL(load)(p) : LEVEL(load_some)(p, count))
#define STORE(p, y) (is_whole ? LEVEL(store)(p, y) : LEVEL(store_some)(p, y, count))
  for (ptrdiff_t i = 0; i < n; i++) {
    LEVEL(store)(state + 16 * i, LOAD(sequence->state + i * s->channels + first));
    LEVEL(store)(rate + 16 * i, LOAD(s->rate + i * s->channels + first));
  }
  v16 skip = s->d ? LOAD(s->d + first) : LEVEL(all)(0);
  for (ptrdiff_t t = sequence->row; t < sequence->row + sequence->rows; t++) {
    const float *b = s->b.data + t * s->b.stride, *c = s->c.data + t * s->c.stride;
    v16 x = LOAD(s->x.data + t * s->x.stride + first);
    v16 step = LEVEL(softplus)(LOAD(s->dt.data + t * s->dt.stride + first));
    v16 input = x * step, exponent = step * 0x1.715476p0f, y = x * skip;
    for (ptrdiff_t i = 0; i < n; i++) {
      v16 decay = LEVEL(exp2_weight)(LEVEL(load)(rate + 16 * i) * exponent);
      v16 h = decay * LEVEL(load)(state + 16 * i) + input * b[i];
      LEVEL(store)(state + 16 * i, h);
      y += h * c[i];
    }
    STORE(s->output + t * s->channels + first, y);
  }
  for (ptrdiff_t i = 0; i < n; i++)
    STORE(sequence->state + i * s->channels + first, LEVEL(load)(state + 16 * i));
#undef LOAD
#undef STORE
}

static void LEVEL(selective_scan)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const division *d = arguments;
  const sotto_selective_scan *s = d->scan;
  for (ptrdiff_t unit = begin; unit < end; unit++) {
    const sotto_selected *sequence = &s->sequences[unit / d->segments];
    ptrdiff_t first = unit % d->segments * SEGMENT_CHANNELS, last = first + SEGMENT_CHANNELS;
    if (last > s->channels) last = s->channels;
    if (sequence->rows == 0) continue;
    for (; first + 16 <= last; first += 16) LEVEL(scan_channels)(s, sequence, first, 1, 16);
    if (first < last) LEVEL(scan_channels)(s, sequence, first, 0, last - first);
  }
}
