// Keys and values in pages of 64 positions, and attention over them.
//
// For each head, a page holds the keys of four groups of 16 positions, each group transposed ([head_size][16], so
// that a dot product with 16 keys needs no horizontal sum), and then the values ([64][value_size rounded up to 16],
// padded with zeros). float16 is used instead of bfloat16: it is read as fast, and the error of the outputs against
// float32 is 0.03% to 0.09% (scores of standard deviation 1 to 16) instead of 0.2% to 0.7%. Tiles of many query rows
// are multiplied in bfloat16 if rounding is allowed (0.3% to 1%), at twice the speed. New pages are zeroed, since
// numbers after the last position are multiplied by weights of 0.
//
// In 8 bits, a key has a float16 scale for every 32 columns of a head, and a value has one for all columns: some
// columns of keys are far larger than the others, those of values are not. A group of 16 positions holds, for every
// 32 columns, the 16 scales followed by the columns; the 64 scales of the values precede the values. A number is its
// int8 times its scale. The error of the outputs against float32 is 0.5% to 1% (normally distributed numbers).
//
// The values of latent attention (DeepSeek) are the first columns of its keys. They are stored once, as keys; a page's
// values are transposed when it is read, for all query heads together.
//
// Files store pages as they are (Sources/Generation/Disk); another layout requires another file version.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_PAGE_POSITIONS = 64 };

typedef enum { SOTTO_CACHE_F32 = 0, SOTTO_CACHE_F16 = 1, SOTTO_CACHE_I8 = 2 } sotto_cache_format;

typedef struct {
  ptrdiff_t heads, head_size, value_size;
  sotto_cache_format format;
  int shares_values;  // whether values are the first value_size columns of the keys, and not stored
} sotto_cache_layout;

size_t sotto_page_bytes(const sotto_cache_layout *layout);
/// Stores key and value rows at the positions `first`, `first` + 1, ..., counted from the start of pages[0]. Numbers
/// are clamped to the range of the format.
void sotto_cache_write(sotto_pool *pool, const sotto_cache_layout *layout, void *const *pages, ptrdiff_t first,
                       sotto_rows key, sotto_rows value, ptrdiff_t rows);

/// One sequence of an attention call.
typedef struct {
  const void *const *pages;
  ptrdiff_t origin;     // the first position of pages[0], a multiple of 64
  ptrdiff_t length;     // positions including those of the query rows
  ptrdiff_t row, rows;  // the query rows; they are the sequence's last positions
} sotto_sequence;

typedef struct {
  sotto_cache_layout layout;
  sotto_rows query;  // [rows][heads * head_size]
  float *output;     // [rows][heads * value_size]
  ptrdiff_t heads;   // query heads, a multiple of layout.heads
  float scale, softcap;
  ptrdiff_t window;    // 0 for all positions
  const float *sinks;  // a logit for each query head, or NULL
  int rounded;         // whether queries, keys and weights may be rounded to bfloat16
  int prompt;          // whether the results of a row must not depend on the other rows of the call
  const sotto_sequence *sequences;
  ptrdiff_t sequence_count;
} sotto_attention;

/// How a call is divided. The number of threads only affects the schedule and the scratch memory, not the results.
typedef struct {
  ptrdiff_t tile_rows;  // query rows of the largest tile
  ptrdiff_t segments;   // units of work
  ptrdiff_t groups;     // pairs of a tile and a head, each of one or more segments
  ptrdiff_t partials;   // segments that share their group with others
  int threads;
  size_t scratch_bytes;
} sotto_attention_plan;

sotto_attention_plan sotto_plan_attention(const sotto_attention *a, int threads);
/// Causal attention with an online softmax. Needs `plan.scratch_bytes` of scratch memory, aligned to 64.
void sotto_attend(sotto_pool *pool, const sotto_attention *a, const sotto_attention_plan *plan, void *scratch);
