// Recurrent layers, token by token. The columns of a state are independent, so each thread has one and keeps it in
// registers or in the cache; the formulas are in the headers of CKernels.
//
// Bytes: the states once in, once out, and the inputs; floor: those over the memory bandwidth, or rows * the latency of
// a token for long prompts.
#include "formats.cuh"

// Mamba: a thread for each channel. grid: (channels / 64, sequences)
KERNEL(sotto_selective_scan_kernel, sotto_cuda_selective_scan, 64) {
  wait_for_inputs();
  int channel = blockIdx.x * 64 + threadIdx.x;
  if (channel >= a.channels) return;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  float *state = (float *)s.memory + channel, skip = a.skip ? a.skip[channel] : 0.0f;
  for (int row = s.row; row < s.row + s.rows; row++) {
    float x = a.x.data[row * a.x.stride + channel], step = softplus(a.steps.data[row * a.steps.stride + channel]);
    const float *b = a.b.data + row * a.b.stride, *c = a.c.data + row * a.c.stride;
    float input = x * step, y = x * skip;
#pragma unroll 4
    for (int i = 0; i < a.state_size; i++) {
      float rate = float_at(a.rate.values, a.rate.format, (int64_t)channel * a.state_size + i);
      float h = expf(rate * step) * state[(int64_t)i * a.channels] + input * b[i];
      y += h * c[i];
      state[(int64_t)i * a.channels] = h;
    }
    a.y[(int64_t)row * a.channels + channel] = y;
  }
}

// The gated delta rule: a thread for each column of a value head; keys and queries in shared memory.
// grid: (value heads, sequences). Dynamic shared memory: 3 * key_size numbers.
KERNEL(sotto_gated_delta_kernel, sotto_cuda_gated_delta, 128) {
  extern __shared__ float shared[];
  float *keys = shared, *queries = keys + a.key_size, *decays = queries + a.key_size;
  wait_for_inputs();
  const int head = blockIdx.x, size = a.key_size, width = a.value_size;
  const int key_head = a.tiled ? head % a.key_heads : head / (a.value_heads / a.key_heads);
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  for (int row = s.row; row < s.row + s.rows; row++) {
    const float *k = a.key.data + row * a.key.stride + key_head * size;
    const float *q = a.query.data + row * a.query.stride + key_head * size;
    float k_squares = 0, q_squares = 0, both = 0;
    for (int i = threadIdx.x; i < size; i += blockDim.x) k_squares += k[i] * k[i], q_squares += q[i] * q[i];
    float k_factor = 1 / sqrtf(block_sum(k_squares) + a.epsilon);
    float q_factor = 1 / sqrtf((float)size) / sqrtf(block_sum(q_squares) + a.epsilon);
    float whole = 0;
    if (!a.per_channel) {
      float input = a.decay.data[row * a.decay.stride + head] + a.bias[head];
      whole = expf(fmaxf(softplus(input) * -expf(a.log_decay[head]), -200.0f));
    }
    for (int i = threadIdx.x; i < size; i += blockDim.x) {
      keys[i] = k[i] * k_factor;
      queries[i] = q[i] * q_factor;
      both += keys[i] * queries[i];
      decays[i] = whole;
      if (a.per_channel) {
        float rate = expf(a.log_decay[head]);
        float sum = a.decay.data[row * a.decay.stride + head * size + i] + a.bias[head * size + i];
        float log = a.lower_bound < 0 ? sigmoid(sum * rate) * a.lower_bound : softplus(sum) * -rate;
        decays[i] = expf(fmaxf(log, -200.0f));
      }
    }
    both = block_sum(both);
    __syncthreads();
    float write = a.write_scale * sigmoid(a.write.data[row * a.write.stride + head]);
    for (int column = threadIdx.x; column < width; column += blockDim.x) {
      float *state = (float *)s.memory + (int64_t)head * size * width + column, found = 0, read = 0;
#pragma unroll 8
      for (int i = 0; i < size; i++) {
        float decayed = state[(int64_t)i * width] * decays[i];
        found += decayed * keys[i];
        read += decayed * queries[i];
      }
      float delta = (a.value.data[row * a.value.stride + head * width + column] - found) * write;
      a.y[((int64_t)row * a.value_heads + head) * width + column] = read + delta * both;
#pragma unroll 8
      for (int i = 0; i < size; i++)
        state[(int64_t)i * width] = state[(int64_t)i * width] * decays[i] + delta * keys[i];
    }
    __syncthreads();
  }
}

// RG-LRU's gates: products of a row with a head's blocks. grid: (columns / 128, rows)
KERNEL(sotto_rg_lru_gates_kernel, sotto_cuda_rg_lru, 128) {
  wait_for_inputs();
  int columns = a.heads * a.block, column = blockIdx.x * 128 + threadIdx.x, row = blockIdx.y;
  if (column >= columns) return;
  int head = column / a.block, at = column % a.block;
  const float *x = a.x.data + row * a.x.stride + head * a.block;
  const float *input = a.input_weight + (int64_t)head * a.block * a.block + at;
  const float *gate = a.gate_weight + (int64_t)head * a.block * a.block + at;
  float input_sum = 0, gate_sum = 0;
  for (int i = 0; i < a.block; i++) {
    input_sum += x[i] * input[(int64_t)i * a.block];
    gate_sum += x[i] * gate[(int64_t)i * a.block];
  }
  a.gates[(int64_t)row * 2 * columns + column] = input_sum;
  a.gates[((int64_t)row * 2 + 1) * columns + column] = gate_sum;
}

// RG-LRU's recurrence. grid: (columns / 128, sequences)
KERNEL(sotto_rg_lru_kernel, sotto_cuda_rg_lru, 128) {
  wait_for_inputs();
  int columns = a.heads * a.block, column = blockIdx.x * 128 + threadIdx.x;
  if (column >= columns) return;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  float *state = (float *)s.memory, h = state[column], rate = softplus(a.rate[column]) * -8.0f;
  for (int row = s.row; row < s.row + s.rows; row++) {
    float x = a.x.data[row * a.x.stride + column];
    float input = x * sigmoid(a.gates[(int64_t)row * 2 * columns + column] + a.input_bias[column]);
    float log_decay = rate * sigmoid(a.gates[((int64_t)row * 2 + 1) * columns + column] + a.gate_bias[column]);
    if (s.length > 0 || row > s.row) input *= sqrtf(1.0f - expf(log_decay + log_decay));
    h = expf(log_decay) * h + input;
    a.y[(int64_t)row * columns + column] = h;
  }
  state[column] = h;
}

// RWKV-7: a thread for each column of a head. grid: (heads, sequences), `size` threads rounded up to warps
KERNEL(sotto_rwkv_kernel, sotto_cuda_rwkv, 256) {
  __shared__ float receptances[256], decays[256], keys[256], erases[256], writes[256];
  wait_for_inputs();
  const int head = blockIdx.x, size = a.size, i = threadIdx.x, at = head * size + i;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  const bool is_here = i < size;
  float *state = (float *)s.memory + (int64_t)head * size * size + i;
  for (int row = s.row; row < s.row + s.rows; row++) {
    float erase = 0, bonus = 0, rate = 0;
    if (is_here) {
      float receptance = a.receptance.data[row * a.receptance.stride + at], key = a.key.data[row * a.key.stride + at];
      rate = sigmoid(a.rate.data[row * a.rate.stride + at]);
      erase = key * a.erase[at];
      key *= 1.0f + (rate - 1.0f) * a.blend[at];
      bonus = receptance * key * a.bonus[at];
      receptances[i] = receptance;
      keys[i] = key;
      decays[i] = expf(sigmoid(a.decay.data[row * a.decay.stride + at]) * -0.606531f);
    }
    float norm = sqrtf(block_sum(erase * erase));
    bonus = block_sum(bonus);
    erase *= 1 / fmaxf(norm, 1e-7f);
    if (is_here) erases[i] = erase, writes[i] = -erase * rate;
    __syncthreads();
    float value = 0, erased = 0, y = 0;
    if (is_here) {
      value = a.value.data[row * a.value.stride + at];
#pragma unroll 8
      for (int d = 0; d < size; d++) erased += state[(int64_t)d * size] * erases[d];
#pragma unroll 8
      for (int d = 0; d < size; d++) {
        float h = state[(int64_t)d * size] * decays[d] + value * keys[d] + erased * writes[d];
        state[(int64_t)d * size] = h;
        y += h * receptances[d];
      }
    }
    float mean = block_sum(y) / (float)size, centred = is_here ? y - mean : 0.0f;
    float factor = 1 / sqrtf(block_sum(centred * centred) / (float)size + a.epsilon);
    if (is_here)
      a.y[(int64_t)row * a.heads * size + at] =
          centred * factor * a.norm_weight[at] + a.norm_bias[at] + value * bonus;
    __syncthreads();
  }
}
