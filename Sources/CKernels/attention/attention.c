// Attention: how a call is divided into segments and scheduled; the arithmetic is in the .body.h files.
//
// Work is divided by pages, not by rows, since the cost of a causal row is the number of positions it sees. A tile of
// query rows and a key-value head form one segment, or several ranges of pages if there are few tiles and heads.
// Threads take the heaviest segments first.
//
// How a sequence is divided depends on its lengths only, never on the number of threads or on the other sequences of
// a call: the division determines the order of partial sums, and results must not depend on the machine.
//
// Nor may the results of a prompt depend on its chunks, since these depend on what the cache holds and on the requests
// that share a prefix. So the parts of a row's pages that are summed separately depend on its position alone, and are
// added in order, whether one segment or several compute them. Only a decoding step is divided by its length.
#include "attention.h"

#include <stdatomic.h>
#include <string.h>

#include "../common/amx.h"
#include "../common/parallel.h"
#include "layout.h"
#include "tiles_amx.h"

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
  ptrdiff_t tile_rows;      // query rows of a tile at most
  ptrdiff_t segment_pages;  // pages of a segment at most; 0 for parts that depend on the position
  int divided;              // whether such parts are segments of their own
} cut;

// The pages of a part of a row at a position: few enough for a row's parts to be computed at once, and at most 8 parts.
enum { FIRST_STEP = 4, MOST_PARTS = 8 };
static ptrdiff_t step_at(ptrdiff_t position) {
  ptrdiff_t step = FIRST_STEP;
  while (step * MOST_PARTS <= position / PAGE) step *= 2;
  return step;
}

// The first row of the tile that ends before row `end`. The rows of a tile have parts of equal length.
static ptrdiff_t tile_start(const sotto_sequence *s, const cut *c, ptrdiff_t end) {
  ptrdiff_t row = end > c->tile_rows ? end - c->tile_rows : 0, position = s->length - s->rows;
  if (c->segment_pages) return row;
  // The first position with parts of the last row's length.
  ptrdiff_t first = step_at(position + end - 1) * MOST_PARTS / 2 * PAGE;
  return step_at(position + row) < step_at(position + end - 1) ? first - position : row;
}

static cut cut_of(const sotto_attention *a, const sotto_sequence *s) {
  // Enough pieces for a few threads, and more as the work grows, since a piece of 16 pages (of one head) costs little
  // to combine with others. At most so many that the partial results of long prompts stay small.
  enum { FEWEST_PIECES = 12, MOST_PIECES = 64, GOOD_PAGES = 16, LEAST_PAGES = 4, ENOUGH_TILES = 16 };
  ptrdiff_t group = group_heads(a), first, last, pages;
  visible_pages(a, s, 0, s->rows, &first, &last);
  // As many rows as can share a pass over the pages, but enough tiles (each in ranges of two pages or more), and not
  // so few rows that pages are read often.
  ptrdiff_t most = larger(MOST_ROWS / group, 1), seen = larger(2, last - first);
  ptrdiff_t fair = s->rows * a->layout.heads * (seen / 2) / FEWEST_PIECES;
  ptrdiff_t tile_rows = smaller(most, larger(fair, smaller(most, 2 * FEW_ROWS / group + 1)));
  if (a->prompt || s->rows > 1)
    return (cut){tile_rows, 0, (s->rows + tile_rows - 1) / tile_rows * a->layout.heads < ENOUGH_TILES};
  pages = (last - first) * a->layout.heads;
  ptrdiff_t pieces = smaller(MOST_PIECES, larger(FEWEST_PIECES, pages / GOOD_PAGES));
  return (cut){tile_rows, larger(LEAST_PAGES, (pages + pieces - 1) / pieces), 1};
}

// The first page of part `part` of `parts` of a tile's pages first ..< last.
static ptrdiff_t part_start(const cut *c, const segment *tile, ptrdiff_t part, ptrdiff_t parts) {
  ptrdiff_t pages = tile->last_page - tile->first_page, page = tile->first_page;
  if (c->segment_pages) return page + pages * part / parts;
  for (; part > 0; part--) page = part_end(tile, page);
  return page;
}
static ptrdiff_t part_count(const cut *c, const segment *tile) {
  ptrdiff_t count = 0;
  if (c->segment_pages) return (tile->last_page - tile->first_page + c->segment_pages - 1) / c->segment_pages;
  if (!c->divided) return 1;
  for (ptrdiff_t page = tile->first_page; page < tile->last_page; count++) page = part_end(tile, page);
  return count;
}

// Enumerates all segments, the heaviest of each sequence first: counts them, and stores them if `segments` is given.
static void lay_out(const sotto_attention *a, sotto_attention_plan *plan, segment *segments, segment_group *groups,
                    float *partials) {
  ptrdiff_t partial_size = partial_numbers(a, plan->tile_rows);
  plan->segments = plan->groups = plan->partials = 0;
  for (ptrdiff_t i = 0; i < a->sequence_count; i++) {
    const sotto_sequence *s = &a->sequences[i];
    cut c = cut_of(a, s);
    for (ptrdiff_t end = s->rows, row; end > 0; end = row) {
      row = tile_start(s, &c, end);
      segment tile = {.sequence = s, .row = row, .rows = end - row};
      visible_pages(a, s, row, tile.rows, &tile.first_page, &tile.last_page);
      if (!c.segment_pages) tile.step = step_at(s->length - s->rows + row);
      ptrdiff_t parts = part_count(&c, &tile);
      for (ptrdiff_t head = 0; head < a->layout.heads; head++, plan->groups++) {
        if (groups) {
          groups[plan->groups].first = plan->segments;
          groups[plan->groups].count = parts;
          atomic_init(&groups[plan->groups].left, (int)parts);
        }
        for (ptrdiff_t part = 0; part < parts; part++, plan->segments++) {
          if (segments) {
            segment *next = &segments[plan->segments];
            *next = tile;
            next->head = head;
            next->group = plan->groups;
            if (parts > 1) {
              next->first_page = part_start(&c, &tile, part, parts);
              next->last_page = part + 1 < parts ? part_start(&c, &tile, part + 1, parts) : tile.last_page;
              next->partial = partials + plan->partials * partial_size;
            }
          }
          plan->partials += parts > 1;
        }
      }
    }
  }
}

static size_t aligned(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

// Sets the pointers of one thread's workspace and returns its size in bytes.
static size_t lay_out_workspace(const sotto_attention *a, ptrdiff_t tile_rows, char *memory, workspace *w) {
  // Room for whole tiles of either kind.
  ptrdiff_t rows = larger(padded_rows(a, tile_rows), round_up(tile_rows * group_heads(a), AMX_ROWS));
  ptrdiff_t size = round_up(a->layout.head_size, 2), stride = value_stride(&a->layout);
  size_t query = aligned((size_t)(rows * size) * 4), sums = aligned((size_t)(rows * stride) * 4);
  size_t totals = aligned((size_t)rows * 64), bases = aligned((size_t)rows * 4);
  size_t keys = aligned((size_t)(PAGE * size) * 4), values = aligned((size_t)(PAGE * stride) * 4);
  size_t whole = aligned((size_t)partial_numbers(a, tile_rows) * 4);
  if (w) {
    w->query = memory;
    w->sums = (float *)(memory + query);
    w->totals = (float *)(memory + query + sums);
    w->bases = (float *)(memory + query + sums + totals);
    w->keys = memory + query + sums + totals + bases;
    w->values = memory + query + sums + totals + bases + keys;
    w->whole = (float *)(memory + query + sums + totals + bases + keys + values);
  }
  return query + sums + totals + bases + keys + values + whole;
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
  int uses_amx;
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
  w.uses_amx = run->uses_amx;
  if (w.uses_amx) sotto_begin_amx(SOTTO_TILE_ROWS);
  for (;;) {
    ptrdiff_t i = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    if (i >= run->plan->segments) break;
    const segment *s = &run->segments[i];
    attend_kernels[isa](a, s, &w);
    write_kernels[isa](a, s, &w);
    if (!s->partial) continue;
    segment_group *group = &run->groups[s->group];
    if (atomic_fetch_sub(&group->left, 1) == 1) combine_kernels[isa](a, run->segments + group->first, group->count);
  }
  if (w.uses_amx) sotto_end_amx();
}

// AMX multiplies 16 pairs of columns at a time.
static int uses_amx(const sotto_attention *a) {
  const sotto_cache_layout *l = &a->layout;
  return a->rounded && l->format != SOTTO_CACHE_F32 && l->head_size % 32 == 0 && sotto_isa() == SOTTO_ISA_AVX512 &&
         sotto_has_amx();
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
      .attention = a, .plan = plan, .segments = segments, .groups = groups, .workspaces = memory,
      .uses_amx = uses_amx(a), .next = 0};
  if (plan->threads == 1)
    attend_share(&run, 0, 1);
  else
    sotto_pool_run(pool, attend_share, &run);
}
