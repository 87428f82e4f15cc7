import Basics
import Compute
import Testing

@Suite struct CPUVectorTests {
  private func vector(_ format: WeightFormat, _ words: [UInt16]) throws -> [Float] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * words.count, alignment: 2)
    defer { memory.deallocate() }
    words.withUnsafeBytes { memory.copyMemory(from: $0) }
    final class Owner {}
    let bytes = Bytes(UnsafeRawBufferPointer(memory), owner: Owner())
    let vector = try CPUVector(
      Weight(format: format, shape: [format == .q8_0 ? 32 : words.count], values: bytes))
    return Array(UnsafeBufferPointer(start: vector.pointer, count: vector.count))
  }

  @Test func halvesBecomeFloats() throws {
    // Zeros, the smallest and largest subnormal numbers, the smallest normal one, 1, -2, the largest, infinity.
    let words: [UInt16] = [0, 0x8000, 1, 0x3ff, 0x400, 0x3c00, 0xc000, 0x7bff, 0x7c00]
    let expected: [Float] = [0, 0, 0x1p-24, 0x1.ff8p-15, 0x1p-14, 1, -2, 65504, .infinity]
    #expect(try vector(.float16, words) == expected)
    #expect(try vector(.float16, [0x7e00])[0].isNaN)
  }

  @Test func bfloatsBecomeFloats() throws {
    #expect(try vector(.bfloat16, [0x3f80, 0xc000, 0x0001]) == [1, -2, Float(bitPattern: 0x10000)])
  }

  @Test func quantisedVectorsAreRefused() throws {
    #expect(throws: CPUVectorError.quantised(.q8_0)) { try vector(.q8_0, [UInt16](repeating: 0, count: 17)) }
  }
}
