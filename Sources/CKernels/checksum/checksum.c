// The checksum of checksum.h. Scalar on purpose: one multiplication a cycle already outruns memory, and no instruction
// set but AVX-512 multiplies 64 bits in vectors.
#include "checksum.h"

#include <string.h>

static const uint64_t MULTIPLIER = 0x9e3779b97f4a7c15u, FINISH = 0xd6e8feb86659fd93u;

static inline uint64_t step(uint64_t lane, uint64_t word) {
  uint64_t x = lane ^ word;
  return (x << 27 | x >> 37) * MULTIPLIER;
}

static inline uint64_t word_at(const unsigned char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

static void take_blocks(uint64_t *lanes, const unsigned char *p, size_t blocks) {
  uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
  uint64_t e = lanes[4], f = lanes[5], g = lanes[6], h = lanes[7];
  for (; blocks > 0; blocks--, p += 64) {
    a = step(a, word_at(p)), b = step(b, word_at(p + 8));
    c = step(c, word_at(p + 16)), d = step(d, word_at(p + 24));
    e = step(e, word_at(p + 32)), f = step(f, word_at(p + 40));
    g = step(g, word_at(p + 48)), h = step(h, word_at(p + 56));
  }
  lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
  lanes[4] = e, lanes[5] = f, lanes[6] = g, lanes[7] = h;
}

void sotto_checksum_start(sotto_checksum *sum) {
  memset(sum, 0, sizeof *sum);
  for (uint64_t i = 0; i < 8; i++) sum->lanes[i] = (i + 1) * FINISH;
}

void sotto_checksum_add(sotto_checksum *sum, const void *data, size_t bytes) {
  const unsigned char *p = data;
  size_t held = sum->bytes % 64;
  if (bytes == 0) return;
  sum->bytes += bytes;
  if (held > 0) {
    size_t count = bytes < 64 - held ? bytes : 64 - held;
    memcpy(sum->rest + held, p, count);
    p += count, bytes -= count;
    if (held + count < 64) return;
    take_blocks(sum->lanes, sum->rest, 1);
  }
  take_blocks(sum->lanes, p, bytes / 64);
  memcpy(sum->rest, p + bytes / 64 * 64, bytes % 64);
}

uint64_t sotto_checksum_end(const sotto_checksum *sum) {
  uint64_t lanes[8], result = sum->bytes;
  memcpy(lanes, sum->lanes, sizeof lanes);
  if (sum->bytes % 64 > 0) {
    // Zeros behind the end cannot be mistaken for data: the count is part of the checksum.
    unsigned char block[64] = {0};
    memcpy(block, sum->rest, sum->bytes % 64);
    take_blocks(lanes, block, 1);
  }
  for (int i = 0; i < 8; i++) {
    uint64_t lane = lanes[i];
    lane = (lane ^ lane >> 32) * FINISH;
    result = step(result, lane ^ lane >> 29);
  }
  result = (result ^ result >> 32) * FINISH;
  return result ^ result >> 32;
}
