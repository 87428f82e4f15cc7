import CCUDA
import CKernels
import Testing

/// Constants and structures that the host and the kernels share.
struct ArgumentTests {
  @Test func formatsHaveTheHostsNumbers() {
    #expect(SOTTO_CUDA_F32.rawValue == SOTTO_FLOAT32.rawValue)
    #expect(SOTTO_CUDA_BF16.rawValue == SOTTO_BFLOAT16.rawValue)
    #expect(SOTTO_CUDA_Q8_0.rawValue == SOTTO_Q8_0.rawValue)
    #expect(SOTTO_CUDA_Q6_K.rawValue == SOTTO_Q6_K.rawValue)
    #expect(SOTTO_CUDA_IQ4_XS.rawValue == SOTTO_IQ4_XS.rawValue)
    #expect(SOTTO_CUDA_NVFP4.rawValue == SOTTO_NVFP4.rawValue)
    #expect(SOTTO_CUDA_FLOAT8.rawValue == SOTTO_FLOAT8.rawValue)
    #expect(SOTTO_CUDA_AFFINE8.rawValue == SOTTO_AFFINE8.rawValue)
    #expect(SOTTO_CUDA_E8M0.rawValue == SOTTO_E8M0.rawValue)
  }

  @Test func argumentsFitAKernelsParameters() {
    // The limit of every device is 4 KB.
    #expect(MemoryLayout<sotto_cuda_attention>.size <= 4096)
    #expect(MemoryLayout<sotto_cuda_linear>.size <= 4096)
    #expect(MemoryLayout<sotto_cuda_mixer_step>.size <= 4096)
    #expect(MemoryLayout<sotto_cuda_sampling>.size <= 4096)
    #expect(MemoryLayout<sotto_cuda_gated_delta>.size <= 4096)
    #expect(MemoryLayout<sotto_cuda_ids>.size <= 4096)
  }

  @Test func theDriverIsLookedForOnce() {
    let first = sotto_cuda_open()
    #expect(sotto_cuda_open() == first)
  }
}
