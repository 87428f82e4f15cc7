// Recurrent layers: the convolution before them, the selective scans, the gated delta rule, the RG-LRU and RWKV-7. A
// first call reads several chunks of two sequences, a second goes on behind them with few rows.
#include "check.h"

enum { GAP = 3, SEQUENCES = 2 };

static sotto_rows matrix(ptrdiff_t rows, ptrdiff_t columns) {
  return (sotto_rows){check_numbers((size_t)((rows - 1) * (columns + GAP) + columns)), columns + GAP};
}
static void keep(const float *x, ptrdiff_t rows, ptrdiff_t columns) {
  check_keep(x, (size_t)rows, (size_t)columns, (size_t)columns);
}
/// Numbers below 1 in size, for states.
static float *small(size_t count) {
  float *x = check_numbers(count);
  for (size_t i = 0; i < count; i++) x[i] *= 0.25f;
  return x;
}

static void convolutions(sotto_pool *pool) {
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {5, 2, 3}, {17, 3, 40}, {33, 4, 70}, {300, 4, 70}, {20, 32, 9}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t channels = shapes[i][0], taps = shapes[i][1], many = shapes[i][2];
    float *carried[SEQUENCES];
    for (int s = 0; s < SEQUENCES; s++) carried[s] = check_numbers((size_t)((taps - 1) * channels));
    for (int call = 0; call < 2; call++) {
      ptrdiff_t first = call ? 1 : many, second = call ? 2 : 1, rows = first + second;
      sotto_convolved sequences[SEQUENCES] = {{carried[0], 0, first}, {carried[1], first, second}};
      sotto_convolution c = {.output = check_room((size_t)(rows * channels)), .x = matrix(rows, channels),
                             .channels = channels, .taps = taps, .weight = check_numbers((size_t)(taps * channels)),
                             .bias = taps != 3 ? check_numbers((size_t)channels) : NULL, .silu = taps != 3,
                             .sequences = sequences, .sequence_count = SEQUENCES};
      sotto_convolve(pool, &c);
      keep(c.output, rows, channels);
    }
    for (int s = 0; s < SEQUENCES; s++) keep(carried[s], taps - 1, channels);
  }
}

static void scans(sotto_pool *pool) {
  // Heads, head size, groups, state size, rows.
  static const ptrdiff_t shapes[][5] = {{1, 1, 1, 1, 1}, {6, 20, 3, 9, 70}, {4, 16, 1, 16, 130}, {3, 33, 3, 17, 64},
                                        {8, 64, 2, 128, 20}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t heads = shapes[i][0], size = shapes[i][1], groups = shapes[i][2], state = shapes[i][3];
    size_t numbers = (size_t)(heads * state * size);
    float *states[SEQUENCES] = {small(numbers), small(numbers)};
    for (int call = 0; call < 2; call++) {
      ptrdiff_t first = call ? 1 : shapes[i][4], second = call ? 3 : 2, rows = first + second;
      sotto_scanned sequences[SEQUENCES] = {{states[0], 0, first}, {states[1], first, second}};
      sotto_state_space s = {.output = check_room((size_t)(rows * heads * size)), .x = matrix(rows, heads * size),
                             .b = matrix(rows, groups * state), .c = matrix(rows, groups * state),
                             .dt = matrix(rows, heads), .a_log = check_numbers((size_t)heads),
                             .dt_bias = check_numbers((size_t)heads), .d = call ? NULL : check_numbers((size_t)heads),
                             .heads = heads, .head_size = size, .groups = groups, .state_size = state,
                             .least_step = 0.01f, .most_step = 3, .sequences = sequences,
                             .sequence_count = SEQUENCES};
      sotto_scan(pool, &s, check_room(sotto_scan_scratch(&s) * (size_t)sotto_pool_threads(pool)));
      keep(s.output, rows, heads * size);
    }
    for (int s = 0; s < SEQUENCES; s++) check_keep(states[s], 1, numbers, numbers);
  }
}

static void deltas(sotto_pool *pool) {
  // Key heads, value heads, key size, value size, rows, and whether decays are per channel.
  static const ptrdiff_t shapes[][6] = {{1, 1, 1, 1, 1, 0},   {2, 4, 10, 19, 70, 0},    {2, 2, 16, 16, 130, 0},
                                        {1, 3, 33, 7, 64, 0}, {2, 4, 128, 128, 20, 0},  {1, 1, 1, 1, 1, 1},
                                        {2, 2, 19, 33, 70, 1}, {3, 3, 128, 72, 130, 1}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t keys = shapes[i][0], values = shapes[i][1], key = shapes[i][2], value = shapes[i][3];
    ptrdiff_t decays = shapes[i][5] ? values * key : values;
    size_t numbers = (size_t)(values * key * value);
    float *states[SEQUENCES] = {small(numbers), small(numbers)};
    for (int call = 0; call < 2; call++) {
      ptrdiff_t first = call ? 1 : shapes[i][4], second = call ? 3 : 2, rows = first + second;
      sotto_delta_sequence sequences[SEQUENCES] = {{states[0], 0, first}, {states[1], first, second}};
      sotto_gated_delta d = {.key_heads = keys, .value_heads = values, .key_size = key, .value_size = value,
                             .query = matrix(rows, keys * key), .key = matrix(rows, keys * key),
                             .value = matrix(rows, values * value), .decay = matrix(rows, decays),
                             .write = matrix(rows, values), .log_decay = check_numbers((size_t)values),
                             .bias = check_numbers((size_t)decays), .per_channel = (int)shapes[i][5],
                             .lower_bound = i % 2 ? -5 : 0, .write_scale = 1, .epsilon = 1e-6f,
                             .output = check_room((size_t)(rows * values * value)), .sequences = sequences,
                             .sequence_count = SEQUENCES};
      size_t bytes = sotto_gated_delta_scratch(&d, sotto_pool_threads(pool));
      sotto_gated_delta_run(pool, &d, check_room(bytes / sizeof(float)));
      keep(d.output, rows, values * value);
    }
    for (int s = 0; s < SEQUENCES; s++) check_keep(states[s], 1, numbers, numbers);
  }
}

static void selective_scans(sotto_pool *pool) {
  // Channels, state size, rows.
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {16, 16, 40}, {67, 5, 9}, {300, 16, 20}, {33, 256, 4}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t channels = shapes[i][0], state = shapes[i][1];
    size_t numbers = (size_t)(channels * state);
    float *states[SEQUENCES] = {small(numbers), small(numbers)}, *rates = check_numbers(numbers);
    for (size_t k = 0; k < numbers; k++) rates[k] = -1 - rates[k] * rates[k];
    for (int call = 0; call < 2; call++) {
      ptrdiff_t first = call ? 1 : shapes[i][2], second = call ? 3 : 2, rows = first + second;
      sotto_selected sequences[SEQUENCES] = {{states[0], 0, first}, {states[1], first, second}};
      sotto_selective_scan s = {.output = check_room((size_t)(rows * channels)), .x = matrix(rows, channels),
                                .dt = matrix(rows, channels), .b = matrix(rows, state), .c = matrix(rows, state),
                                .rate = rates, .d = call ? NULL : check_numbers((size_t)channels),
                                .channels = channels, .state_size = state, .sequences = sequences,
                                .sequence_count = SEQUENCES};
      sotto_scan_selectively(pool, &s);
      keep(s.output, rows, channels);
    }
    for (int s = 0; s < SEQUENCES; s++) check_keep(states[s], 1, numbers, numbers);
  }
}

static void linear_units(sotto_pool *pool) {
  // Heads, columns of a head, rows.
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {3, 16, 30}, {2, 40, 13}, {4, 7, 12}, {2, 100, 5}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t heads = shapes[i][0], block = shapes[i][1], columns = heads * block;
    float *states[SEQUENCES] = {small((size_t)columns), small((size_t)columns)};
    for (int call = 0; call < 2; call++) {
      ptrdiff_t first = call ? 1 : shapes[i][2], second = call ? 3 : 2, rows = first + second;
      sotto_lru_sequence sequences[SEQUENCES] = {{states[0], 0, first, !call}, {states[1], first, second, !call}};
      sotto_rg_lru c = {.output = check_room((size_t)(rows * columns)), .x = matrix(rows, columns),
                        .input_weight = small((size_t)(columns * block)),
                        .gate_weight = small((size_t)(columns * block)),
                        .input_bias = check_numbers((size_t)columns), .gate_bias = check_numbers((size_t)columns),
                        .rate = check_numbers((size_t)columns), .heads = heads, .block = block,
                        .sequences = sequences, .sequence_count = SEQUENCES};
      sotto_rg_lru_run(pool, &c);
      keep(c.output, rows, columns);
    }
    for (int s = 0; s < SEQUENCES; s++) check_keep(states[s], 1, (size_t)columns, (size_t)columns);
  }
}

static void receptances(sotto_pool *pool) {
  // Heads, columns of a head, rows.
  static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {3, 16, 30}, {2, 20, 13}, {4, 7, 12}, {2, 64, 5}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    ptrdiff_t heads = shapes[i][0], size = shapes[i][1], columns = heads * size;
    size_t numbers = (size_t)(columns * size);
    float *states[SEQUENCES] = {small(numbers), small(numbers)};
    float *rows_before[SEQUENCES] = {small((size_t)columns), small((size_t)columns)};
    for (int call = 0; call < 2; call++) {
      ptrdiff_t first = call ? 1 : shapes[i][2], second = call ? 3 : 2, rows = first + second;
      sotto_rwkv_sequence shifted[SEQUENCES] = {{rows_before[0], 0, first}, {rows_before[1], first, second}};
      sotto_token_shift shift = {.output = check_room((size_t)(2 * rows * columns)), .x = matrix(rows, columns),
                                 .columns = columns, .count = 2,
                                 .mixes = {small((size_t)columns), small((size_t)columns)}, .sequences = shifted,
                                 .sequence_count = SEQUENCES};
      sotto_shift_tokens(pool, &shift);
      keep(shift.output, rows, 2 * columns);
      sotto_rwkv_sequence sequences[SEQUENCES] = {{states[0], 0, first}, {states[1], first, second}};
      sotto_rwkv r = {.output = check_room((size_t)(rows * columns)), .receptance = matrix(rows, columns),
                      .decay = matrix(rows, columns), .key = matrix(rows, columns), .value = matrix(rows, columns),
                      .rate = matrix(rows, columns), .erase = check_numbers((size_t)columns),
                      .blend = check_numbers((size_t)columns), .bonus = check_numbers((size_t)columns),
                      .norm_weight = check_numbers((size_t)columns), .norm_bias = check_numbers((size_t)columns),
                      .heads = heads, .size = size, .epsilon = 64e-5f, .sequences = sequences,
                      .sequence_count = SEQUENCES};
      sotto_rwkv_run(pool, &r);
      keep(r.output, rows, columns);
    }
    for (int s = 0; s < SEQUENCES; s++) check_keep(states[s], 1, numbers, numbers);
  }
}

const check check_recurrences[] = {
    {"convolution", convolutions, 3e-6f}, {"selective scan", scans, 3e-6f}, {"gated delta rule", deltas, 3e-6f},
    {"selective scan per channel", selective_scans, 3e-6f}, {"real-gated recurrence", linear_units, 1e-5f},
    {"RWKV-7", receptances, 1e-4f},
    {NULL, NULL, 0}};
