import CKernels
import Testing

/// Tests that choose the instruction set run one after another: the choice is the whole program's.
@Suite(.serialized) struct KernelTests {}

@Suite struct InstructionSetTests {
  @Test func aLevelThatTheMachineLacksIsNotTaken() {
    let before = sotto_isa()
    #if arch(x86_64)
      #expect(sotto_set_isa(SOTTO_ISA_NEON) == before)
    #else
      #expect(sotto_set_isa(SOTTO_ISA_AVX512) == before)
    #endif
  }

  @Test func levelsHaveNames() {
    let names = (0..<SOTTO_ISA_LEVELS.rawValue).map { String(cString: sotto_isa_name(.init($0))) }
    #expect(names == ["portable", "neon", "avx2", "avx512"])
    #expect(String(cString: sotto_isa_name(.init(99))) == "unknown")
  }
}
