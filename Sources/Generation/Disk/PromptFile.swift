import Basics
import Checkpoints
import Compute

/// The file format of a stored prompt: safetensors, readable by other tools, with a last tensor that holds the
/// checksums of the header and of every other tensor. Every byte is covered.
///
///     "layers.0.pages" U8 [pages, bytes]     keys and values as in memory
///     "layers.1.convolution", ".state" U8    of a recurrent layer
///     "tokens" I32 [n]                       the ledger
///     "logits" F32 [vocabulary]              if they are known
///     "checksums" U64 [tensors + 1]          of the header, then of the tensors in order; see checksum.h
///
/// Writing takes as long as copying the bytes to the system; reading takes that and the memory. Data that was read is
/// a copy: truncating, overwriting or removing the file has no effect on it.
enum PromptFile {
  /// Must change with the content: page layout (layout.h), state layout, checksum, tensor names.
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

  /// Writes a prompt atomically.
  /// - Parameters:
  ///   - model: identifies the model and its precision; reading requires the same value.
  ///   - key: what the prompt is stored for; reading requires the same value.
  ///   - isInterrupted: polled for every block; if it returns true, no file is written.
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
        // Block by block, so that a block is still in the processor's cache when it is written.
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
      // The folder was removed meanwhile; the next save creates it again.
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
