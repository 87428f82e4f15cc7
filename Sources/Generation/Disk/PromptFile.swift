import Basics
import Checkpoints
import Compute

/// A stored prompt as a file: safetensors, so that every tool can look into it, whose last tensor holds a
/// checksum of the header and of every other tensor. No byte of the file is without one.
///
///     "layers.0.pages" U8 [pages, bytes]     keys and values as in memory
///     "layers.1.convolution", ".state" U8    of a recurrent layer
///     "tokens" I32 [n]                       the ledger
///     "logits" F32 [vocabulary]              where they are known
///     "checksums" U64 [tensors + 1]          of the header, then of the tensors in order; see checksum.h
///
/// Writing takes as long as the system takes to copy the bytes; reading, that and the memory. What was read is this
/// program's own: a file that is shortened, overwritten or removed while its prompt is used changes nothing.
enum PromptFile {
  /// Changes with whatever a file holds: the layout of pages (layout.h), of states, the checksum, the names.
  static let version = "sotto-prompt-1"

  static let checksums = "checksums"

  #if _endian(little)
    static let byteOrder = "little"
  #else
    static let byteOrder = "big"
  #endif

  private struct Tensor {
    let declaration: SafetensorsWriter.Declaration
    let blocks: [CacheImage.Block]
  }

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
        metadata: metadata, permissions: 0o600)
      var sums = [writer.headerChecksum]
      for tensor in tensors {
        // Block by block, so that a block is in the processor's cache when it is written.
        var sum = XXHash64()
        for block in tensor.blocks {
          if isInterrupted() { throw PromptFileError.interrupted }
          let bytes = try block.read()
          sum.update(bytes)
          try writer.append(bytes)
        }
        sums.append(sum.digest)
      }
      try writer.append(Bytes(copying: sums.map(\.littleEndian)))
      if isInterrupted() { throw PromptFileError.interrupted }
      try writer.finish()
    } catch let error as FileError {
      // The folder went away meanwhile; the next save makes it again.
      throw error.kind == .notFound ? .interrupted : .file(error)
    } catch { throw .interrupted }
  }

  private static func tensors(of prompt: StoredPrompt) -> [Tensor] {
    var tensors: [Tensor] = []
    for (index, cache) in prompt.caches.enumerated() {
      for plane in cache.planes {
        let shape = [plane.blocks.count, plane.blocks.first?.count ?? 0]
        tensors.append(
          Tensor(
            declaration: .bytes(PromptLayer.name(index, plane.name), .uint8, shape), blocks: plane.blocks))
      }
    }
    tensors.append(
      Tensor(
        declaration: .int32("tokens", [prompt.ledger.count]), blocks: [.bytes(Bytes(copying: prompt.ledger))])
    )
    if let logits = prompt.logits {
      tensors.append(
        Tensor(declaration: .float32("logits", [logits.count]), blocks: [.bytes(Bytes(copying: logits))]))
    }
    return tensors
  }
}
