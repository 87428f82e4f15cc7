// A 64-bit checksum that finds damage at the speed of memory (8 bytes a cycle).
//
// Eight lanes take the 64-bit little-endian words of the data in turn: lane = rotate(lane ^ word, 27) * MULTIPLIER.
// For a given word that is a bijection of the lane, and for a given lane one of the word, and so is everything at the
// end: a change within one aligned word is always found, any other accident but for one in 2^64. It is no defence
// against somebody who computes it.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t lanes[8];
  uint64_t bytes;          // so far
  unsigned char rest[64];  // the last bytes % 64 of them
} sotto_checksum;

void sotto_checksum_start(sotto_checksum *sum);
/// Takes in more bytes; in what portions makes no difference.
void sotto_checksum_add(sotto_checksum *sum, const void *data, size_t bytes);
/// The checksum of all bytes so far.
uint64_t sotto_checksum_end(const sotto_checksum *sum);
