// A unit of work is a segment of a sequence's channels with all its rows, so that one unit alone reads and replaces the
// segment's state.
#include "selective_scan.h"

#include "../common/parallel.h"

enum { SEGMENT_CHANNELS = 64 };

typedef struct {
  const sotto_selective_scan *scan;
  ptrdiff_t segments;
} division;

#define SOTTO_BODY "../selective_scan/selective_scan.body.h"
#include "../common/levels.h"

void sotto_scan_selectively(sotto_pool *pool, const sotto_selective_scan *s) {
  static const sotto_units kernels[] = LEVELS(selective_scan);
  ptrdiff_t rows = 0;
  for (ptrdiff_t i = 0; i < s->sequence_count; i++) rows += s->sequences[i].rows;
  if (rows == 0 || s->channels == 0) return;
  division d = {.scan = s, .segments = (s->channels + SEGMENT_CHANNELS - 1) / SEGMENT_CHANNELS};
  sotto_divide(pool, kernels[sotto_isa()], &d, s->sequence_count * d.segments, rows * s->channels * s->state_size);
}
