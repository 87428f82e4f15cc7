import Checkpoints
import Compute

/// A stored prompt as a file: safetensors, so that every tool can look into it, whose last tensor holds a
/// checksum of the header and of every other tensor. No byte of the file is without one.
///
///     "layers.0.pages" U8 [pages, bytes]     keys and values as in memory, at a multiple of 64
///     "layers.1.convolution", ".state" U8    of a recurrent layer
///     "tokens" I32 [n]                       the ledger
///     "logits" F32 [vocabulary]              where they are known
///     "checksums" U64 [tensors + 1]          of the header, then of the tensors in order; see checksum.h
///
/// Writing takes as long as the system takes to copy the bytes; reading, one pass over the file for the
/// checksums, after which the memory is used where it is.
enum PromptFile {
  /// Changes with whatever a file holds: the layout of pages (layout.h), of states, the checksum, the names.
  static let version = "sotto-prompt-1"

  /// Where the tensors begin: at a page of memory.
  private static let alignment = 4096
  private static let checksums = "checksums"

  #if _endian(little)
    private static let byteOrder = "little"
  #else
    private static let byteOrder = "big"
  #endif

  private struct Tensor {
    let declaration: SafetensorsWriter.Declaration
    let blocks: [Bytes]
  }

  // Writing

  /// Writes a prompt; the file is there under its name as a whole or not at all.
  /// - Parameters:
  ///   - model: identifies the model and how it computes; only a reader who gives the same gets the prompt.
  ///   - key: what the prompt is kept for; a reader has to give the same.
  ///   - isInterrupted: asked once a block; when it says true, no file is written.
  static func write(
    _ prompt: StoredPrompt, model: String, key: String, to path: String, isInterrupted: () -> Bool
  ) throws(PromptFileError) {
    let tensors = tensors(of: prompt)
    let metadata = [
      "format": version, "byte_order": byteOrder, "model": model, "key": key,
      "layers": JSON.array(prompt.caches.map(PromptLayer.json)).text(),
    ]
    do {
      let writer = try SafetensorsWriter(
        path,
        tensors.map(\.declaration) + [.bytes(checksums, .uint64, [tensors.count + 1])],
        metadata: metadata, alignment: alignment, permissions: 0o600)
      var sums = [writer.headerChecksum]
      for tensor in tensors {
        // Block by block, so that a block is in the processor's cache when it is written.
        var sum = Checksum()
        for block in tensor.blocks {
          if isInterrupted() { throw PromptFileError.interrupted }
          sum.add(block)
          try writer.append(block)
        }
        sums.append(sum.value)
      }
      try writer.append(Bytes(copying: sums.map(\.littleEndian)))
      if isInterrupted() { throw PromptFileError.interrupted }
      try writer.finish()
    } catch let error as CheckpointError {
      throw .file(error)
    } catch { throw .interrupted }
  }

  private static func tensors(of prompt: StoredPrompt) -> [Tensor] {
    var tensors: [Tensor] = []
    var uneven: [Tensor] = []
    for (index, cache) in prompt.caches.enumerated() {
      for plane in cache.planes {
        let size = plane.blocks.first?.count ?? 0
        let tensor = Tensor(
          declaration: .bytes(PromptLayer.name(index, plane.name), .uint8, [plane.blocks.count, size]),
          blocks: plane.blocks)
        // Those behind which the next would not be aligned come last.
        if size % 64 == 0 { tensors.append(tensor) } else { uneven.append(tensor) }
      }
    }
    tensors += uneven
    tensors.append(
      Tensor(
        declaration: .int32("tokens", [prompt.ledger.count]), blocks: [Bytes(copying: prompt.ledger)]))
    if let logits = prompt.logits {
      tensors.append(
        Tensor(declaration: .float32("logits", [logits.count]), blocks: [Bytes(copying: logits)]))
    }
    return tensors
  }

  // Reading

  /// Maps a file and checks all of it.
  static func read(_ path: String, model: String, key: String) throws(PromptFileError) -> StoredPrompt {
    let file: SafetensorsFile
    do { file = try SafetensorsFile(path) } catch { throw .file(error) }
    let found = file.metadata["format"]?.asString ?? "another program"
    guard found == version else { throw .version(found) }
    guard file.metadata["byte_order"]?.asString == byteOrder else { throw .version("another byte order") }
    try verify(file)
    guard file.metadata["model"]?.asString == model else { throw .other("another model") }
    guard file.metadata["key"]?.asString == key else { throw .other("another key") }
    let ledger: [Int32] = try numbers("tokens", .int32, in: file) ?? []
    let logits: [Float]? = try numbers("logits", .float32, in: file)
    let caches = try PromptLayer.images(in: file)
    guard caches.allSatisfy({ $0.length == ledger.count }) else {
      throw .damaged("\(ledger.count) tokens beside caches of another length")
    }
    return StoredPrompt(ledger: ledger, logits: logits, caches: caches)
  }

  /// Compares every checksum. The tensors must follow one another without gaps up to the end of the file.
  private static func verify(_ file: SafetensorsFile) throws(PromptFileError) {
    guard let last = file.tensors.last, last.name == checksums, last.type == .uint64,
      last.numbers == file.tensors.count, let stored = file.bytes(last)
    else { throw .damaged("no checksums") }
    func expected(_ index: Int) -> UInt64 {
      stored.withUnsafeBytes {
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
      }
    }
    guard let header = file.mapping.slice(0..<file.dataStart), Checksum.of(header) == expected(0) else {
      throw .damaged("the header")
    }
    file.mapping.advise(.willNeed)
    var end = file.dataStart
    for (index, tensor) in file.tensors.enumerated() {
      guard tensor.bytes.lowerBound == end, let bytes = file.bytes(tensor) else {
        throw .damaged("a gap before \(tensor.name)")
      }
      end = tensor.bytes.upperBound
      guard tensor.name == checksums || Checksum.of(bytes) == expected(index + 1) else {
        throw .damaged(tensor.name)
      }
    }
    guard end == file.mapping.count else { throw .damaged("bytes behind the end") }
  }

  private static func numbers<Number: BitwiseCopyable>(
    _ name: String, _ type: SafetensorsType, in file: SafetensorsFile
  ) throws(PromptFileError) -> [Number]? {
    guard let tensor = file.tensors.first(where: { $0.name == name }) else { return nil }
    guard tensor.type == type, let bytes = file.bytes(tensor),
      bytes.count == tensor.numbers * MemoryLayout<Number>.size
    else { throw .damaged(name) }
    return [Number](unsafeUninitializedCapacity: tensor.numbers) { target, count in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
      count = tensor.numbers
    }
  }
}
