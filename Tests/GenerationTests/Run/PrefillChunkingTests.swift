import Compute
import Generation
import Testing

struct PrefillChunkingTests {
  @Test func aProcessorBeginsWithTheLeast() {
    #expect(PrefillChunking(on: CPUBackend(precision: .exact, threads: 1)).size == PrefillChunking.least)
  }

  @Test func chunksTakeAboutASecond() {
    var chunking = PrefillChunking()
    chunking.note(tokens: 256, seconds: 4)
    #expect(chunking.size == 256, "never below what keeps products efficient")
    chunking.note(tokens: 256, seconds: 0.5)
    #expect(chunking.size == 512)
    chunking.note(tokens: 512, seconds: 0.001)
    #expect(chunking.size == 1024)
    chunking.note(tokens: 8, seconds: 9)
    #expect(chunking.size == 1024, "a short rest says nothing about speed")
  }
}
