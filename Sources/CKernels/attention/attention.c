// Attention: how a call is divided into segments and scheduled; the arithmetic is in the .body.h files.
//
// Work is divided by pages, not by rows, since the cost of a causal row is the number of positions it sees. A tile of
// query rows and a key-value head form one segment, or several ranges of pages if there are few tiles and heads.
// Threads take the heaviest segments first.
//
// How a sequence is divided depends on its lengths only, never on the number of threads or on the other sequences of
// a call: the division determines the order of partial sums, and results must not depend on the machine.
#include "attention.h"

#include <stdatomic.h>
#include <string.h>

#include "../common/parallel.h"
#include "layout.h"

#define SOTTO_BODY "../attention/levels.body.h"
#include "../common/levels.h"

static void (*const attend_kernels[])(const sotto_attention *, const segment *, const workspace *) =
    LEVELS(attend_segment);
static void (*const write_kernels[])(const sotto_attention *, const segment *, const workspace *) =
    LEVELS(write_segment);
static void (*const combine_kernels[])(const sotto_attention *, const segment *, ptrdiff_t) = LEVELS(combine);

size_t sotto_page_bytes(const sotto_cache_layout *l) {
  return (size_t)(l->heads * head_bytes(l));
}

void sotto_cache_write(sotto_pool *pool, const sotto_cache_layout *layout, void *const *pages, ptrdiff_t first,
                       sotto_rows key, sotto_rows value, ptrdiff_t rows) {
  static const sotto_units kernels[] = LEVELS(write_rows);
  cache_write w = {layout, pages, first, key, value};
  sotto_divide(pool, kernels[sotto_isa()], &w, rows, rows * layout->heads * (layout->head_size + layout->value_size));
}

// The pages [*first, *last) that the rows [row, row + rows) of a sequence see.
static void visible_pages(const sotto_attention *a, const sotto_sequence *s, ptrdiff_t row, ptrdiff_t rows,
                          ptrdiff_t *first, ptrdiff_t *last) {
  ptrdiff_t position = s->length - s->rows + row, low = a->window ? position - a->window + 1 : 0;
  if (low < s->origin) low = s->origin;
  *first = (low - s->origin) / PAGE;
  *last = (position + rows - 1 - s->origin) / PAGE + 1;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

// The division of one sequence.
typedef struct {
  ptrdiff_t tile_rows;      // query rows of a tile
  ptrdiff_t segment_pages;  // pages of a segment at most
} cut;

static cut cut_of(const sotto_attention *a, const sotto_sequence *s) {
  // Enough pieces for a few threads, and more as the work grows, since a piece of 16 pages (of one head) costs little
  // to combine with others. At most so many that the partial results of long prompts stay small.
  enum { FEWEST_PIECES = 12, MOST_PIECES = 64, GOOD_PAGES = 16, LEAST_PAGES = 4 };
  ptrdiff_t group = group_heads(a), first, last, pages = 0;
  visible_pages(a, s, 0, s->rows, &first, &last);
  // As many rows as can share a pass over the pages, but enough tiles (each in ranges of two pages or more), and not
  // so few rows that pages are read often.
  ptrdiff_t most = larger(MOST_ROWS / group, 1), seen = larger(2, last - first);
  ptrdiff_t fair = s->rows * a->layout.heads * (seen / 2) / FEWEST_PIECES;
  ptrdiff_t tile_rows = smaller(most, larger(fair, smaller(most, 2 * FEW_ROWS / group + 1)));
  for (ptrdiff_t row = 0; row < s->rows; row += tile_rows) {
    visible_pages(a, s, row, smaller(tile_rows, s->rows - row), &first, &last);
    pages += last - first;
  }
  pages *= a->layout.heads;
  ptrdiff_t pieces = smaller(MOST_PIECES, larger(FEWEST_PIECES, pages / GOOD_PAGES));
  return (cut){tile_rows, larger(LEAST_PAGES, (pages + pieces - 1) / pieces)};
}

// Enumerates all segments, the heaviest of each sequence first: counts them, and stores them if `segments` is given.
static void lay_out(const sotto_attention *a, sotto_attention_plan *plan, segment *segments, segment_group *groups,
                    float *partials) {
  ptrdiff_t partial_size = partial_numbers(a, plan->tile_rows);
  plan->segments = plan->groups = plan->partials = 0;
  for (ptrdiff_t i = 0; i < a->sequence_count; i++) {
    const sotto_sequence *s = &a->sequences[i];
    cut c = cut_of(a, s);
    for (ptrdiff_t tile = (s->rows + c.tile_rows - 1) / c.tile_rows - 1; tile >= 0; tile--) {
      ptrdiff_t row = tile * c.tile_rows, rows = smaller(c.tile_rows, s->rows - row), first, last;
      visible_pages(a, s, row, rows, &first, &last);
      ptrdiff_t parts = (last - first + c.segment_pages - 1) / c.segment_pages;
      for (ptrdiff_t head = 0; head < a->layout.heads; head++, plan->groups++) {
        if (groups) {
          groups[plan->groups].first = plan->segments;
          groups[plan->groups].count = parts;
          atomic_init(&groups[plan->groups].left, (int)parts);
        }
        for (ptrdiff_t part = 0; part < parts; part++, plan->segments++) {
          if (segments)
            segments[plan->segments] = (segment){
                .sequence = s, .row = row, .rows = rows, .head = head,
                .first_page = first + (last - first) * part / parts,
                .last_page = first + (last - first) * (part + 1) / parts,
                .group = plan->groups, .first_sink = part == 0,
                .partial = parts > 1 ? partials + plan->partials * partial_size : NULL};
          plan->partials += parts > 1;
        }
      }
    }
  }
}

static size_t aligned(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

// Sets the pointers of one thread's workspace and returns its size in bytes.
static size_t lay_out_workspace(const sotto_attention *a, ptrdiff_t tile_rows, char *memory, workspace *w) {
  ptrdiff_t rows = padded_rows(a, tile_rows), size = round_up(a->layout.head_size, 2), stride = value_stride(&a->layout);
  size_t query = aligned((size_t)(rows * size) * 4), sums = aligned((size_t)(rows * stride) * 4);
  size_t totals = aligned((size_t)rows * 64), bases = aligned((size_t)rows * 4);
  size_t keys = aligned((size_t)(PAGE * size) * 4), values = aligned((size_t)(PAGE * stride) * 4);
  if (w) {
    w->query = memory;
    w->sums = (float *)(memory + query);
    w->totals = (float *)(memory + query + sums);
    w->bases = (float *)(memory + query + sums + totals);
    w->keys = memory + query + sums + totals + bases;
    w->values = memory + query + sums + totals + bases + keys;
  }
  return query + sums + totals + bases + keys + values;
}

sotto_attention_plan sotto_plan_attention(const sotto_attention *a, int threads) {
  ptrdiff_t work = 0;
  sotto_attention_plan plan = {.threads = threads};
  for (ptrdiff_t i = 0; i < a->sequence_count; i++) {
    const sotto_sequence *s = &a->sequences[i];
    ptrdiff_t first, last;
    visible_pages(a, s, 0, s->rows, &first, &last);
    work += (last - first) * larger(4, s->rows * group_heads(a));
    plan.tile_rows = larger(plan.tile_rows, cut_of(a, s).tile_rows);
  }
  // Not worth waking another thread: about 2 microseconds.
  if (work * a->layout.heads * head_numbers(&a->layout) < 1 << 17) plan.threads = threads = 1;
  lay_out(a, &plan, NULL, NULL, NULL);
  plan.scratch_bytes = aligned((size_t)plan.segments * sizeof(segment)) +
                       aligned((size_t)plan.groups * sizeof(segment_group)) +
                       aligned((size_t)(plan.partials * partial_numbers(a, plan.tile_rows)) * sizeof(float)) +
                       (size_t)threads * lay_out_workspace(a, plan.tile_rows, NULL, NULL);
  return plan;
}

typedef struct {
  const sotto_attention *attention;
  const sotto_attention_plan *plan;
  const segment *segments;
  segment_group *groups;
  char *workspaces;
  _Atomic ptrdiff_t next;
} attention_run;

static void attend_share(void *context, int worker, int workers) {
  (void)workers;
  attention_run *run = context;
  const sotto_attention *a = run->attention;
  sotto_isa_level isa = sotto_isa();
  size_t bytes = lay_out_workspace(a, run->plan->tile_rows, NULL, NULL);
  workspace w;
  lay_out_workspace(a, run->plan->tile_rows, run->workspaces + (size_t)worker * bytes, &w);
  for (;;) {
    ptrdiff_t i = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    if (i >= run->plan->segments) return;
    const segment *s = &run->segments[i];
    attend_kernels[isa](a, s, &w);
    write_kernels[isa](a, s, &w);
    if (!s->partial) continue;
    segment_group *group = &run->groups[s->group];
    if (atomic_fetch_sub(&group->left, 1) == 1) combine_kernels[isa](a, run->segments + group->first, group->count);
  }
}

void sotto_attend(sotto_pool *pool, const sotto_attention *a, const sotto_attention_plan *plan, void *scratch) {
  char *memory = scratch;
  segment *segments = (segment *)memory;
  memory += aligned((size_t)plan->segments * sizeof(segment));
  segment_group *groups = (segment_group *)memory;
  memory += aligned((size_t)plan->groups * sizeof(segment_group));
  float *partials = (float *)memory;
  memory += aligned((size_t)(plan->partials * partial_numbers(a, plan->tile_rows)) * sizeof(float));
  sotto_attention_plan counted = *plan;
  lay_out(a, &counted, segments, groups, partials);
  attention_run run = {
      .attention = a, .plan = plan, .segments = segments, .groups = groups, .workspaces = memory, .next = 0};
  if (plan->threads == 1)
    attend_share(&run, 0, 1);
  else
    sotto_pool_run(pool, attend_share, &run);
}
