// A unit of work is a segment of a sequence's channels with all its rows, so that one unit alone reads and replaces
// the stored inputs. Rows are processed in order, so that the inputs shared by neighbouring rows are in the L1 cache.
#include "convolution.h"

#include <string.h>

#include "../common/parallel.h"

enum { MOST_CHANNELS = 512, CHANNEL_STEP = 64 };

typedef struct {
  const sotto_convolution *convolution;
  ptrdiff_t segments, segment_channels;
} division;

#define SOTTO_BODY "../convolution/convolution.body.h"
#include "../common/levels.h"

void sotto_convolve(sotto_pool *pool, const sotto_convolution *c) {
  static const sotto_units kernels[] = LEVELS(convolve);
  ptrdiff_t rows = 0, threads = sotto_pool_threads(pool);
  for (ptrdiff_t i = 0; i < c->sequence_count; i++) rows += c->sequences[i].rows;
  if (rows == 0 || c->channels == 0) return;
  // Four segments per thread if there are enough channels.
  ptrdiff_t fair = c->channels * c->sequence_count / (4 * threads) / CHANNEL_STEP * CHANNEL_STEP;
  ptrdiff_t size = fair < CHANNEL_STEP ? CHANNEL_STEP : fair > MOST_CHANNELS ? MOST_CHANNELS : fair;
  division d = {.convolution = c, .segments = (c->channels + size - 1) / size, .segment_channels = size};
  sotto_divide(pool, kernels[sotto_isa()], &d, c->sequence_count * d.segments, rows * c->channels * c->taps);
}
