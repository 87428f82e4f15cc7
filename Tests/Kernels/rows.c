// Operations on rows of numbers: gates, norms, rotary embedding, routing, sampling.
#include "check.h"

/// Rows and columns: vectors that do not divide them, single numbers, and enough to be shared out.
static const ptrdiff_t sizes[][2] = {{1, 1}, {3, 5}, {2, 16}, {5, 33}, {1, 250}, {70, 260}, {1, 20001}};
enum { SIZES = sizeof sizes / sizeof *sizes, GAP = 3 };

/// Rows with a gap between them, but none behind the last.
static sotto_rows matrix(ptrdiff_t rows, ptrdiff_t columns) {
  return (sotto_rows){check_numbers((size_t)((rows - 1) * (columns + GAP) + columns)), columns + GAP};
}
static void keep(const float *x, ptrdiff_t rows, ptrdiff_t columns) {
  check_keep(x, (size_t)rows, (size_t)columns, (size_t)columns);
}

static void elementwise(sotto_pool *pool) {
  for (int i = 0; i < SIZES; i++) {
    ptrdiff_t rows = sizes[i][0], columns = sizes[i][1];
    size_t count = (size_t)(rows * columns);
    float *y = check_room(count);
    sotto_add(pool, y, matrix(rows, columns), matrix(rows, columns), rows, columns, 0.5f);
    keep(y, rows, columns);
    for (int cap = 0; cap < 2; cap++) {
      y = check_room(count);
      sotto_scale(pool, y, matrix(rows, columns), rows, columns, 3, (float)cap * 2);
      keep(y, rows, columns);
    }
    y = check_room(count);
    sotto_xielu(pool, y, matrix(rows, columns), rows, columns, 0.8f, 1.2f, 0.5f, -1e-6f);
    keep(y, rows, columns);
    for (int kind = 0; kind <= SOTTO_IDENTITY; kind++) {
      y = check_room(count);
      sotto_gated(pool, y, matrix(rows, 2 * columns), rows, columns, (sotto_activation)kind, 1.7f, 1.5f);
      keep(y, rows, columns);
      for (int is_single = 0; is_single < 2; is_single++) {
        ptrdiff_t gates = is_single ? 1 : columns;
        y = check_room(count);
        sotto_gate(pool, y, matrix(rows, gates), gates, matrix(rows, columns), rows, columns, (sotto_activation)kind,
                   1.7f, 1.5f);
        keep(y, rows, columns);
      }
    }
  }
}

static void norms(sotto_pool *pool) {
  static const ptrdiff_t groups[] = {1, 5, 16, 33, 250, 20, 20001};
  for (int i = 0; i < SIZES; i++) {
    ptrdiff_t rows = sizes[i][0], columns = sizes[i][1], group = groups[i];
    size_t count = (size_t)(rows * columns);
    float *rounded = check_room(count);
    sotto_round_rows(pool, rounded, matrix(rows, columns), rows, columns);
    keep(rounded, rows, columns);
    for (int per_column = 0; per_column < 2; per_column++) {
      const float *weight = check_numbers((size_t)(per_column ? columns : group));
      for (int first = 0; first < 2; first++) {
        float *y = check_room(count);
        sotto_rms_norm(pool, y, matrix(rows, columns), rows, columns, group, first ? weight : NULL, per_column, 1e-5f,
                       1);
        keep(y, rows, columns);
        y = check_room(count);
        sotto_gated_rms_norm(pool, y, matrix(rows, columns), matrix(rows, columns), rows, columns, group, weight,
                             per_column, 1e-5f, first);
        keep(y, rows, columns);
        y = check_room(count);
        sotto_layer_norm(pool, y, matrix(rows, columns), rows, columns, group, first ? weight : NULL, weight, per_column,
                         1e-2f);
        keep(y, rows, columns);
      }
    }
  }
}

static void rotations(sotto_pool *pool) {
  static const ptrdiff_t shapes[][4] = {{1, 1, 2, 1}, {3, 2, 20, 10}, {5, 3, 21, 5}, {70, 6, 66, 33}, {2, 1, 64, 9}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t rows = shapes[i][0], heads = shapes[i][1], size = shapes[i][2], count = shapes[i][3];
    int32_t *positions = check_scratch((size_t)rows * 4);
    for (ptrdiff_t r = 0; r < rows; r++) positions[r] = (int32_t)(check_bits() % 100000);
    float *angles = check_room((size_t)(rows * 2 * count));
    sotto_rotary_angles(pool, angles, positions, rows, check_numbers((size_t)count), count, 1.2f);
    keep(angles, rows, 2 * count);
    for (int interleaved = 0; interleaved < 2; interleaved++) {
      float *y = check_room((size_t)(rows * heads * size));
      sotto_rotary(pool, y, matrix(rows, heads * size), rows, heads, size, 0, angles, count, interleaved);
      keep(y, rows, heads * size);
    }
  }
}

static void routes(sotto_pool *pool) {
  static const ptrdiff_t shapes[][5] = {{1, 4, 1, 1, 1}, {3, 7, 3, 1, 1}, {40, 128, 8, 8, 3}, {300, 64, 6, 4, 2}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (int scoring = 0; scoring <= SOTTO_SIGMOID; scoring++) {
      size_t rows = (size_t)shapes[i][0], experts = (size_t)shapes[i][1], chosen = (size_t)shapes[i][2];
      sotto_routing routing = {.experts = shapes[i][1], .chosen = shapes[i][2], .groups = shapes[i][3],
                               .kept_groups = shapes[i][4], .scoring = (sotto_scoring)scoring,
                               .normalises = scoring != 1, .scale = 1.5f,
                               .correction = scoring ? check_numbers(experts) : NULL};
      int32_t *indices = check_scratch(rows * chosen * 4);
      float *weights = check_room(rows * chosen), *numbers = check_room(rows * chosen);
      sotto_route(pool, &routing, matrix((ptrdiff_t)rows, (ptrdiff_t)experts), (ptrdiff_t)rows, indices, weights,
                  check_room(2 * rows * experts));
      for (size_t k = 0; k < rows * chosen; k++) numbers[k] = (float)indices[k];
      check_keep(numbers, rows, chosen, chosen);
      check_keep(weights, rows, chosen, chosen);
    }
}

/// Tokens drawn with every filter, and the logarithms of the largest probabilities.
static void samples(sotto_pool *pool) {
  enum { ROWS = 2, BEST = 5 };
  sotto_logit_adjustment adjustments[] = {{0, 2, 1, 0}, {-1, 1, 1, 1}, {7, 0, 1.5f, 0.5f}, {1 << 30, 1, 1, 1}};
  static const sotto_sampling kinds[] = {{.temperature = 0, .top_p = 1},
                                         {.temperature = 0.7f, .top_p = 1},
                                         {.temperature = 1, .top_k = 3, .top_p = 1},
                                         {.temperature = 1.5f, .top_p = 0.6f},
                                         {.temperature = 1, .top_p = 1, .min_p = 0.3f},
                                         {.temperature = 0.9f, .top_k = 40, .top_p = 0.9f, .min_p = 0.05f}};
  enum { KINDS = sizeof kinds / sizeof *kinds };
  for (size_t count = 1; count < 20000; count = count * 3 + 1) {
    size_t numbers = sotto_sampling_scratch((ptrdiff_t)count);
    for (int kind = 0; kind < KINDS; kind++) {
      sotto_sampling settings[ROWS] = {kinds[kind], kinds[(kind + 1) % KINDS]};
      settings[0].adjustments = adjustments;
      settings[0].adjustment_count = sizeof adjustments / sizeof *adjustments;
      for (int r = 0; r < ROWS; r++) settings[r].uniform = check_bits() * 0x1p-32;
      int32_t *tokens = check_scratch(sizeof(int32_t) * ROWS);
      sotto_sample(pool, matrix(ROWS, (ptrdiff_t)count), ROWS, (ptrdiff_t)count, settings, check_room(ROWS * numbers),
                   tokens);
      float chosen[ROWS] = {(float)tokens[0], (float)tokens[1]};
      check_keep(chosen, 1, ROWS, ROWS);
    }
    int32_t *tokens = check_scratch(sizeof(int32_t) * BEST);
    float *logarithms = check_room(BEST), last;
    double normaliser;
    size_t found = (size_t)sotto_log_probabilities(pool, check_numbers(count), (ptrdiff_t)count, BEST,
                                                   check_room(numbers), tokens, logarithms, &normaliser);
    check_keep(logarithms, 1, found, found);
    last = (float)normaliser;
    check_keep(&last, 1, 1, 1);
  }
}

const check check_rows[] = {
    {"elementwise", elementwise, 3e-6f}, {"norms", norms, 3e-6f},   {"rotary embedding", rotations, 3e-6f},
    {"routing", routes, 3e-6f},          {"sampling", samples, 3e-6f},
    {NULL, NULL, 0}};
