// How a scan is divided; the arithmetic is in the .body.h files.
//
// A unit of work is a head of a sequence. A thread processes the chunks of its heads' sequence one after another, and
// within a chunk its heads, so that what the heads of a group share (B, C and their products) is computed once per
// chunk. A head's state is updated in float32 in the cache's own memory.
#include "state_space.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "../common/parallel.h"

enum {
  // Rows per chunk. Shorter chunks update the states more often, longer ones multiply more within the chunk: 32 to 64
  // are equal within 5% at 80 heads of 64 and a state of 128; 128 takes 1.14 times as long and 256 1.4 times.
  CHUNK = 64,
  // Up to this number, rows are processed one by one.
  FEW_ROWS = 3,
  // Parts of a head's state that a token goes through together.
  STREAMS = 4,
};

typedef const sotto_state_space scan_call;

// A thread's workspace. Strides are rounded up to whole vectors; the padding is zero or unused.
typedef struct {
  ptrdiff_t width;          // head_size rounded up
  float *c;                 // [CHUNK, state_size]
  float *b;                 // [state_size, CHUNK]: transposed
  float *products;          // [CHUNK, CHUNK] of a group: C B^T
  float *weights;           // [CHUNK, CHUNK] of a head: C B^T by decay and step, 0 above the diagonal
  float *x, *weighted;      // [CHUNK, width]: the head's columns; the same by step and decay to the chunk's end
  float *state;             // [state_size, width] if the head's size is not a multiple of the vector
  float *step, *log_decay;  // [CHUNK]: log_decay is base 2, cumulative from the chunk's first row on
  float *from_start;        // [CHUNK]: decay since the chunk's start
  float *to_end;            // [CHUNK]: the step by the decay until the chunk's end
} workspace;

static ptrdiff_t round_up(ptrdiff_t n) { return (n + 15) & ~(ptrdiff_t)15; }

// Sets the workspace's pointers if there is memory, and returns its size in numbers.
static ptrdiff_t lay_out(scan_call *s, workspace *w, float *memory) {
  ptrdiff_t n = round_up(s->state_size), p = round_up(s->head_size), taken = 0;
  const ptrdiff_t sizes[] = {CHUNK * n, CHUNK * n, CHUNK * CHUNK, CHUNK * CHUNK, CHUNK * p,
                             CHUNK * p, n * p,     CHUNK,         CHUNK,         CHUNK,      CHUNK};
  float **const places[] = {&w->c,        &w->b,     &w->products, &w->weights,   &w->x,
                            &w->weighted, &w->state, &w->step,     &w->log_decay, &w->from_start, &w->to_end};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    if (memory) *places[i] = memory + taken;
    taken += sizes[i];
  }
  w->width = p;
  return taken;
}

// The base 2 logarithm of a head's decay per unit of step.
static inline float decay_rate(scan_call *s, ptrdiff_t head) {
  return (float)(-exp((double)s->a_log[head]) * 1.4426950408889634);
}

#define SOTTO_BODY "../state_space/levels.body.h"
#include "../common/levels.h"

typedef void (*scan_heads)(scan_call *, const sotto_scanned *, ptrdiff_t first, ptrdiff_t last, workspace *);

typedef struct {
  scan_call *scan;
  float *scratch;
  ptrdiff_t parts;  // which the threads take one after another
  atomic_ptrdiff_t next;
} scan_run;

static void scan_units(scan_call *s, ptrdiff_t unit, ptrdiff_t end, workspace *w) {
  static const scan_heads by_step[] = LEVELS(scan_by_step), by_chunk[] = LEVELS(scan_by_chunk);
  while (unit < end) {
    const sotto_scanned *sequence = &s->sequences[unit / s->heads];
    ptrdiff_t first = unit % s->heads, last = end - unit < s->heads - first ? first + end - unit : s->heads;
    (sequence->rows <= FEW_ROWS ? by_step : by_chunk)[sotto_isa()](s, sequence, first, last, w);
    unit += last - first;
  }
}

static void scan_share(void *context, int worker, int workers) {
  (void)workers;
  scan_run *run = context;
  scan_call *s = run->scan;
  workspace w;
  lay_out(s, &w, run->scratch + (ptrdiff_t)sotto_scan_scratch(s) * worker);
  ptrdiff_t units = s->sequence_count * s->heads, part;
  while ((part = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed)) < run->parts)
    scan_units(s, units * part / run->parts, units * (part + 1) / run->parts, &w);
}

size_t sotto_scan_scratch(scan_call *scan) {
  workspace w;
  return (size_t)lay_out(scan, &w, NULL);
}

void sotto_scan(sotto_pool *pool, scan_call *scan, float *scratch) {
  ptrdiff_t rows = 0;
  for (ptrdiff_t i = 0; i < scan->sequence_count; i++) rows += scan->sequences[i].rows;
  if (rows == 0) return;
  // A thread that gets less of the processor takes fewer parts. Chunks are not divided further: the heads of a group
  // share work.
  ptrdiff_t threads = sotto_pool_threads(pool);
  int few = rows <= FEW_ROWS * scan->sequence_count;
  scan_run run = {.scan = scan, .scratch = scratch, .parts = few ? 8 * threads : threads};
  if (rows * scan->heads * scan->head_size * scan->state_size < SOTTO_WORTH_SHARING)
    scan_share(&run, 0, 1);
  else
    sotto_pool_run(pool, scan_share, &run);
}
