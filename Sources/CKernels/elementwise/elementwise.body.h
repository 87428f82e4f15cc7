// The element-wise operations for one level. Iterates over the segments [first, last) and gives `body` the pointers
// a, b and output, and the number of elements.
#define FOR_EACH_VECTOR(body)                                                                           \
  const elementwise *e = arguments;                                                                     \
  for (ptrdiff_t unit = first; unit < last; unit++) {                                                   \
    ptrdiff_t row = unit / e->segments, begin = unit % e->segments * SOTTO_SEGMENT;                     \
    ptrdiff_t end = begin + SOTTO_SEGMENT < e->columns ? begin + SOTTO_SEGMENT : e->columns, i = begin; \
    const float *pa = e->a.data + row * e->a.stride, *pb = e->b.data + row * e->b.stride;               \
    float *output = e->output + row * e->columns;                                                       \
    for (; i + 16 <= end; i += 16) {                                                                    \
      v16 a = e->repeats ? LEVEL(all)(*pa) : LEVEL(load)(pa + i);                                       \
      v16 b = LEVEL(load)((BINARY ? pb : pa) + i), y;                                                   \
      body;                                                                                             \
      LEVEL(store)(output + i, y);                                                                      \
    }                                                                                                   \
    if (i < end) {                                                                                      \
      v16 a = e->repeats ? LEVEL(all)(*pa) : LEVEL(load_some)(pa + i, end - i);                         \
      v16 b = LEVEL(load_some)((BINARY ? pb : pa) + i, end - i), y;                                     \
      body;                                                                                             \
      LEVEL(store_some)(output + i, y, end - i);                                                        \
    }                                                                                                   \
    (void)pb;                                                                                           \
  }

#define BINARY 1
static void LEVEL(add)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  FOR_EACH_VECTOR(y = a + b * e->scale)
}

vector_function v16 LEVEL(gelu_exact)(v16 x) {
  // Rare in models, so computed by the library, number by number.
  for (int i = 0; i < 16; i++) x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678118654752f));
  return x;
}
// x * (1 + tanh(u)) / 2 = x * sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x³): arXiv:1606.08415.
vector_function v16 LEVEL(gelu_tanh)(v16 x) {
  return x * LEVEL(sigmoid)(x * (1.5957691216057308f + 0.07135481282806353f * (x * x)));
}
vector_function v16 LEVEL(clamped_swiglu)(v16 gate, v16 up, float alpha, float limit) {
  gate = LEVEL(minimum)(gate, LEVEL(all)(limit));
  up = LEVEL(maximum)(LEVEL(minimum)(up, LEVEL(all)(limit)), LEVEL(all)(-limit));
  return gate * LEVEL(sigmoid)(gate * alpha) * (up + 1.0f);
}
vector_function v16 LEVEL(relu_squared)(v16 x) {
  x = LEVEL(maximum)(x, LEVEL(all)(0));
  return x * x;
}

static void LEVEL(gate)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  switch (((const elementwise *)arguments)->activation) {
    case SOTTO_SILU: {
      FOR_EACH_VECTOR(y = a * LEVEL(sigmoid)(a) * b)
      break;
    }
    case SOTTO_GELU_TANH: {
      FOR_EACH_VECTOR(y = LEVEL(gelu_tanh)(a) * b)
      break;
    }
    case SOTTO_GELU: {
      FOR_EACH_VECTOR(y = LEVEL(gelu_exact)(a) * b)
      break;
    }
    case SOTTO_TANH: {
      FOR_EACH_VECTOR(y = LEVEL(tanh)(a) * b)
      break;
    }
    case SOTTO_RELU: {
      FOR_EACH_VECTOR(y = LEVEL(maximum)(a, LEVEL(all)(0)) * b)
      break;
    }
    case SOTTO_RELU_SQUARED: {
      FOR_EACH_VECTOR(y = LEVEL(relu_squared)(a) * b)
      break;
    }
    case SOTTO_SIGMOID_GATE: {
      FOR_EACH_VECTOR(y = LEVEL(sigmoid)(a) * b)
      break;
    }
    case SOTTO_IDENTITY: {
      FOR_EACH_VECTOR(y = a * b)
      break;
    }
    case SOTTO_CLAMPED_SWIGLU: {
      FOR_EACH_VECTOR(y = LEVEL(clamped_swiglu)(a, b, e->scale, e->limit))
      break;
    }
  }
}
#undef BINARY

#define BINARY 0
static void LEVEL(activate)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  switch (((const elementwise *)arguments)->activation) {
    case SOTTO_SILU: {
      FOR_EACH_VECTOR((void)b; y = a * LEVEL(sigmoid)(a))
      break;
    }
    case SOTTO_GELU_TANH: {
      FOR_EACH_VECTOR((void)b; y = LEVEL(gelu_tanh)(a))
      break;
    }
    case SOTTO_GELU: {
      FOR_EACH_VECTOR((void)b; y = LEVEL(gelu_exact)(a))
      break;
    }
    case SOTTO_TANH: {
      FOR_EACH_VECTOR((void)b; y = LEVEL(tanh)(a))
      break;
    }
    case SOTTO_RELU: {
      FOR_EACH_VECTOR((void)b; y = LEVEL(maximum)(a, LEVEL(all)(0)))
      break;
    }
    case SOTTO_RELU_SQUARED: {
      FOR_EACH_VECTOR((void)b; y = LEVEL(relu_squared)(a))
      break;
    }
    case SOTTO_SIGMOID_GATE: {
      FOR_EACH_VECTOR((void)b; y = LEVEL(sigmoid)(a))
      break;
    }
    case SOTTO_IDENTITY: {
      FOR_EACH_VECTOR((void)b; y = a)
      break;
    }
    case SOTTO_CLAMPED_SWIGLU: break;  // has two inputs
  }
}

static void LEVEL(xielu)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  FOR_EACH_VECTOR((void)b; v16 curve = LEVEL(exp)(LEVEL(minimum)(a, LEVEL(all)(e->limit))) - 1.0f - a;
                  y = LEVEL(select)(a > 0.0f, e->positive * a * a, e->negative * curve) + e->scale * a)
}

static void LEVEL(scale)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  if (((const elementwise *)arguments)->limit > 0) {
    FOR_EACH_VECTOR((void)b; y = e->limit * LEVEL(tanh)(a * e->scale / e->limit))
  } else {
    FOR_EACH_VECTOR((void)b; y = a * e->scale)
  }
}
#undef BINARY
#undef FOR_EACH_VECTOR
