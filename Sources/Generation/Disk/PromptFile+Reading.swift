import Basics
import Checkpoints
import Compute

extension PromptFile {
  /// A verified file's content, in memory of its own.
  struct Contents {
    let metadata: JSONObject
    private(set) var tensors: [String: Tensor] = [:]

    struct Tensor {
      let type: SafetensorsType
      let shape: [Int]
      /// The rows of a two-dimensional tensor of bytes; otherwise one block.
      let blocks: [Bytes]
    }
  }

  /// Reads and verifies a file.
  /// - Parameter limit: the largest file size to accept, in bytes.
  static func read(
    _ path: String, model: String, key: String, limit: Int = .max
  ) throws(PromptFileError) -> StoredPrompt {
    let contents = try Contents(path, limit: limit)
    guard contents.metadata["model"]?.asString == model else { throw .other("another model") }
    guard contents.metadata["key"]?.asString == key else { throw .other("another key") }
    let ledger: [Int32] = try contents.numbers("tokens", .int32) ?? []
    let logits: [Float]? = try contents.numbers("logits", .float32)
    let caches = try PromptLayer.images(in: contents)
    guard caches.allSatisfy({ $0.length == ledger.count }) else {
      throw .damaged("\(ledger.count) tokens beside caches of another length")
    }
    return StoredPrompt(ledger: ledger, logits: logits, caches: caches)
  }
}

extension PromptFile.Contents {
  /// The most rows a tensor may have; more than any conversation has pages.
  private static let mostRows = 1 << 20

  /// Reads a file sequentially. The tensors must be contiguous and end at the end of the file.
  init(_ path: String, limit: Int) throws(PromptFileError) {
    do {
      let file = try FileReader(path)
      guard file.count <= limit else { throw PromptFileError.tooLarge(bytes: file.count, limit: limit) }
      let first = try file.read(SafetensorsHeader.lengthBytes)
      var end = try SafetensorsHeader.dataStart(first, file: path, fileCount: file.count)
      let text = try file.read(end - SafetensorsHeader.lengthBytes)
      let header = try SafetensorsHeader(text, file: path, fileCount: file.count)
      metadata = header.metadata
      try Self.checkFormat(metadata)
      var sum = XXHash64()
      sum.update(first)
      sum.update(text)
      var sums = [sum.digest]
      for tensor in header.tensors {
        guard tensor.bytes.lowerBound == end else {
          throw PromptFileError.damaged("a gap before \(tensor.name)")
        }
        end = tensor.bytes.upperBound
        let blocks = try Self.blocks(of: tensor, in: file)
        var sum = XXHash64()
        for block in blocks { sum.update(block) }
        sums.append(sum.digest)
        tensors[tensor.name] = Tensor(type: tensor.type, shape: tensor.shape, blocks: blocks)
      }
      guard end == file.count else { throw PromptFileError.damaged("bytes after the end") }
      try compare(sums, header.tensors)
    } catch let error as PromptFileError {
      throw error
    } catch let error as FileError {
      throw .file(error)
    } catch { throw .damaged("\(error)") }
  }

  private static func checkFormat(_ metadata: JSONObject) throws(PromptFileError) {
    let found = metadata["format"]?.asString ?? "another program"
    guard found == PromptFile.version else { throw .version(found) }
    guard metadata["byte_order"]?.asString == PromptFile.byteOrder else {
      throw .version("another byte order")
    }
  }

  private static func blocks(of tensor: SafetensorsTensor, in file: FileReader) throws -> [Bytes] {
    guard tensor.type == .uint8, tensor.shape.count == 2 else { return [try file.read(tensor.bytes.count)] }
    let (rows, size) = (tensor.shape[0], tensor.shape[1])
    // Rows of zero bytes take no space, so the file's size does not bound their number.
    guard rows <= mostRows, size > 0 || rows <= 1 else {
      throw PromptFileError.damaged("\(tensor.name) has the shape \(tensor.shape)")
    }
    return try (0..<rows).map { _ in try file.read(size) }
  }

  /// Verifies the header and the tensors against the checksums in the last tensor.
  private func compare(_ sums: [UInt64], _ order: [SafetensorsTensor]) throws(PromptFileError) {
    guard order.last?.name == PromptFile.checksums,
      let stored: [UInt64] = try numbers(PromptFile.checksums, .uint64), stored.count == order.count
    else { throw .damaged("no checksums") }
    for (index, sum) in stored.enumerated() where UInt64(littleEndian: sum) != sums[index] {
      throw .damaged(index == 0 ? "the header" : order[index - 1].name)
    }
  }

  /// The numbers of a tensor; nil if there is no tensor of this name.
  func numbers<Number: BitwiseCopyable>(
    _ name: String, _ type: SafetensorsType
  ) throws(PromptFileError) -> [Number]? {
    guard let tensor = tensors[name] else { return nil }
    guard tensor.type == type, let bytes = tensor.blocks.first,
      bytes.count % MemoryLayout<Number>.stride == 0
    else { throw .damaged(name) }
    let count = bytes.count / MemoryLayout<Number>.stride
    return [Number](unsafeUninitializedCapacity: count) { target, filled in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
      filled = count
    }
  }
}
