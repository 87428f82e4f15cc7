// How the AVX2 and NEON decoders unpack a row's block of every format.
#pragma once
#include "unpack_lattices.h"

/// The 32 values of one row's block at `p` (for a super-block: its start).
SOTTO_VECTOR void unpack(const uint8_t *p, size_t index, const sotto_weight_format format, bytes out[2]) {
  if (sotto_is_lattice(format)) {
    unpack_lattice(p, index, format, out);
    return;
  }
  switch (format) {
    case SOTTO_Q4_0:
      split(load(p + 2), out);
      out[0] -= 8, out[1] -= 8;
      break;
    case SOTTO_Q4_1: split(load(p + 4), out); break;
    case SOTTO_Q5_0:
    case SOTTO_Q5_1: {
      const size_t at = format == SOTTO_Q5_0 ? 2 : 4;
      uint32_t fifth = sotto_load32(p + at);
      split(load(p + at + 4), out);
      out[0] |= fifth_bits(fifth), out[1] |= fifth_bits(fifth >> 16);
      if (format == SOTTO_Q5_0) out[0] -= 16, out[1] -= 16;
      break;
    }
    case SOTTO_Q8_0: out[0] = load(p + 2), out[1] = load(p + 18); break;
    case SOTTO_Q4_K:
    case SOTTO_Q5_K: {
      const uint8_t *nibbles = p + (format == SOTTO_Q5_K ? 48 : 16) + index / 2 * 32;
      uint8_t shift = index % 2 ? 4 : 0;
      for (int i = 0; i < 2; i++) {
        out[i] = load(nibbles + 16 * i) >> shift & 15;
        if (format == SOTTO_Q5_K) out[i] |= (load(p + 16 + 16 * i) >> (uint8_t)index & 1) << 4;
      }
      break;
    }
    case SOTTO_Q6_K: {
      const uint8_t *low = p + index / 4 * 64 + index % 2 * 32, *high = p + 128 + index / 4 * 32;
      uint8_t shift = index % 4 / 2 * 4, upper = (uint8_t)(index % 4 * 2);
      for (int i = 0; i < 2; i++)
        out[i] = ((load(low + 16 * i) >> shift & 15) | (load(high + 16 * i) >> upper & 3) << 4) - 32;
      break;
    }
    case SOTTO_MXFP4:
    case SOTTO_MXFP4_PLANAR:
      if (format == SOTTO_MXFP4)
        split(load(p + 1), out);
      else
        interleave(load(p), out);
      out[0] = doubled_e2m1(out[0]), out[1] = doubled_e2m1(out[1]);
      break;
    case SOTTO_NVFP4_PLANAR:
      interleave(load(p), out);
      out[0] = doubled_e2m1(out[0]), out[1] = doubled_e2m1(out[1]);
      break;
    case SOTTO_NVFP4: {  // of 16 columns, low nibbles are the first half
      bytes values = load(p + 4 + index % 2 * 16), low = doubled_e2m1(values & 15), high = doubled_e2m1(values >> 4);
      out[0] = (bytes)__builtin_shufflevector((pairs)low, (pairs)high, 0, 2);
      out[1] = (bytes)__builtin_shufflevector((pairs)low, (pairs)high, 1, 3);
      break;
    }
    case SOTTO_Q2_K:
      for (int i = 0; i < 2; i++) out[i] = load(p + 16 + index / 4 * 32 + 16 * (size_t)i) >> (uint8_t)(index % 4 * 2) & 3;
      break;
    case SOTTO_Q3_K:
      for (int i = 0; i < 2; i++) {
        bytes low = load(p + 32 + index / 4 * 32 + 16 * (size_t)i) >> (uint8_t)(index % 4 * 2) & 3;
        out[i] = (low | (load(p + 16 * i) >> (uint8_t)index & 1) << 2) - 4;
      }
      break;
    case SOTTO_IQ4_NL:
    case SOTTO_IQ4_XS:
      split(load(format == SOTTO_IQ4_NL ? p + 2 : p + 8 + 16 * index), out);
      out[0] = iq4(out[0]), out[1] = iq4(out[1]);
      break;
    case SOTTO_AFFINE1:
    case SOTTO_AFFINE2:
    case SOTTO_AFFINE3:
    case SOTTO_AFFINE5:
    case SOTTO_AFFINE6: {
      const int bits = format == SOTTO_AFFINE6   ? 6
                       : format == SOTTO_AFFINE5 ? 5
                       : format == SOTTO_AFFINE3 ? 3
                       : format == SOTTO_AFFINE2 ? 2
                                                 : 1;
      for (int i = 0; i < 2; i++) {
        pairs both = {spread_bits(p + 2 * i * bits, bits), spread_bits(p + (2 * i + 1) * bits, bits)};
        out[i] = (bytes)both;
      }
      break;
    }
    case SOTTO_AFFINE4: interleave(load(p), out); break;
    default: out[0] = load(p) ^ 128, out[1] = load(p + 16) ^ 128; break;
  }
}
