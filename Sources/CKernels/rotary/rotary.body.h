// The rotation for one level.
static void LEVEL(rotate)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const rotation *r = arguments;
  ptrdiff_t count = r->count;
  for (ptrdiff_t row = first; row < last; row++) {
    const float *cosines = r->angles + row * 2 * count, *sines = cosines + count;
    for (ptrdiff_t head = 0; head < r->heads; head++) {
      const float *x = r->x.data + row * r->x.stride + head * r->head_size;
      float *y = r->output + (row * r->heads + head) * r->head_size;
      if (r->first) memcpy(y, x, (size_t)r->first * sizeof(float));
      x += r->first, y += r->first;
      ptrdiff_t i = 0;
      if (r->interleaved) {
        for (; i < count; i++) {
          float a = x[2 * i], b = x[2 * i + 1];
          y[2 * i] = a * cosines[i] - b * sines[i];
          y[2 * i + 1] = b * cosines[i] + a * sines[i];
        }
      } else {
        for (; i + 16 <= count; i += 16) {
          v16 a = LEVEL(load)(x + i), b = LEVEL(load)(x + count + i);
          v16 c = LEVEL(load)(cosines + i), s = LEVEL(load)(sines + i);
          LEVEL(store)(y + i, a * c - b * s);
          LEVEL(store)(y + count + i, b * c + a * s);
        }
        for (; i < count; i++) {
          float a = x[i], b = x[count + i];
          y[i] = a * cosines[i] - b * sines[i];
          y[count + i] = b * cosines[i] + a * sines[i];
        }
      }
      ptrdiff_t left = r->head_size - r->first - 2 * count;
      if (left > 0) memcpy(y + 2 * count, x + 2 * count, (size_t)left * sizeof(float));
    }
  }
}
