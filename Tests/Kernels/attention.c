// Attention over paged caches: prompts, single tokens behind them, two sequences in one call, every cache format.
#include "check.h"

enum { GAP = 3, SEQUENCES = 2, MOST_PAGES = 12 };

typedef struct {
  ptrdiff_t heads, shared, head_size, value_size, window;
  float softcap;
  int sinks;
  ptrdiff_t calls[4];  // rows of the first sequence, call by call; the second one has a row each time
  int shares_values;   // whether values are the first columns of keys
} shape;

static const shape shapes[] = {
    {1, 1, 1, 1, 0, 0, 0, {1, 2, 66, 0}, 0},
    {6, 2, 20, 20, 50, 4, 1, {70, 3, 1, 0}, 0},
    {9, 3, 64, 64, 0, 0, 0, {150, 1, 5, 40}, 0},
    {4, 1, 33, 50, 0, 4, 1, {130, 17, 1, 0}, 0},
    {3, 3, 7, 33, 1, 0, 0, {9, 70, 1, 0}, 0},
    {8, 2, 80, 80, 64, 0, 0, {3, 200, 1, 0}, 0},
    {16, 1, 16, 16, 0, 0, 0, {300, 1, 0, 0}, 0},
    {2, 1, 256, 256, 5, 50, 0, {30, 40, 1, 0}, 0},
    {4, 1, 128, 48, 0, 0, 1, {70, 13, 1, 0}, 0},
    {14, 1, 41, 33, 0, 0, 1, {70, 13, 1, 0}, 1},
    {4, 2, 24, 24, 40, 3, 0, {5, 70, 1, 0}, 1},
    {8, 2, 32, 32, 40, 3, 1, {70, 3, 1, 130}, 0},
    {24, 3, 96, 64, 0, 0, 1, {70, 13, 1, 37}, 1},
};

typedef struct {
  void *pages[MOST_PAGES];
  ptrdiff_t length, origin;
} cache;

/// Stores new rows behind those of a cache.
static void append(sotto_pool *pool, const sotto_cache_layout *layout, cache *c, ptrdiff_t rows) {
  size_t bytes = sotto_page_bytes(layout);
  ptrdiff_t key = layout->heads * layout->head_size, value = layout->heads * layout->value_size;
  for (ptrdiff_t page = (c->length + 63) / 64; page < (c->length + rows + 63) / 64; page++) {
    if (page >= MOST_PAGES) {
      check_fail("too many pages");
      return;
    }
    c->pages[page] = check_scratch(bytes);
    memset(c->pages[page], 0, bytes);
  }
  sotto_rows keys = {check_numbers((size_t)((rows - 1) * (key + GAP) + key)), key + GAP};
  sotto_rows values = {check_numbers((size_t)((rows - 1) * (value + GAP) + value)), value + GAP};
  ptrdiff_t first = c->length / 64;
  sotto_cache_write(pool, layout, c->pages + first, c->length - 64 * first, keys, values, rows);
  c->length += rows;
}

static void attend(sotto_pool *pool, sotto_cache_format format, int rounded) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape *s = &shapes[i];
    sotto_cache_layout layout = {s->shared, s->head_size, s->value_size, format, s->shares_values};
    cache caches[SEQUENCES] = {{.length = 0}, {.length = 0}};
    const float *sinks = s->sinks ? check_numbers((size_t)s->heads) : NULL;
    for (int call = 0; call < 4 && s->calls[call]; call++) {
      ptrdiff_t rows[SEQUENCES] = {s->calls[call], 1}, all = rows[0] + rows[1];
      ptrdiff_t queries = s->heads * s->head_size, outputs = s->heads * s->value_size;
      sotto_sequence sequences[SEQUENCES];
      for (int n = 0; n < SEQUENCES; n++) {
        append(pool, &layout, &caches[n], rows[n]);
        // Pages that no query sees any more are given up.
        ptrdiff_t hidden = s->window ? caches[n].length - rows[n] - s->window + 1 : 0;
        ptrdiff_t origin = hidden > 0 ? hidden / 64 * 64 : 0;
        sequences[n] = (sotto_sequence){(const void *const *)caches[n].pages + origin / 64, origin, caches[n].length,
                                        n ? rows[0] : 0, rows[n]};
      }
      sotto_attention a = {.layout = layout,
                           .query = {check_numbers((size_t)((all - 1) * (queries + GAP) + queries)), queries + GAP},
                           .output = check_room((size_t)(all * outputs)), .heads = s->heads,
                           .scale = 1.0f / (float)s->head_size, .softcap = s->softcap, .window = s->window,
                           .sinks = sinks, .rounded = rounded, .sequences = sequences,
                           .sequence_count = SEQUENCES};
      sotto_attention_plan plan = sotto_plan_attention(&a, sotto_pool_threads(pool));
      sotto_attend(pool, &a, &plan, check_room(plan.scratch_bytes / sizeof(float)));
      check_keep(a.output, (size_t)all, (size_t)outputs, (size_t)outputs);
    }
  }
}

static void attend_f32(sotto_pool *pool) { attend(pool, SOTTO_CACHE_F32, 0); }
static void attend_f16(sotto_pool *pool) { attend(pool, SOTTO_CACHE_F16, 0); }
static void attend_i8(sotto_pool *pool) { attend(pool, SOTTO_CACHE_I8, 0); }
static void attend_f16_rounded(sotto_pool *pool) { attend(pool, SOTTO_CACHE_F16, 1); }
static void attend_i8_rounded(sotto_pool *pool) { attend(pool, SOTTO_CACHE_I8, 1); }

// Levels with products of bfloat16 numbers round queries, keys and weights: by 2^-9 of each.
const check check_attentions[] = {
    {"attention f32", attend_f32, 3e-6f},
    {"attention f16", attend_f16, 3e-6f},
    {"attention i8", attend_i8, 3e-6f},
    {"attention f16, rounded", attend_f16_rounded, 0.03f},
    {"attention i8, rounded", attend_i8_rounded, 0.03f},
    {NULL, NULL, 0}};
