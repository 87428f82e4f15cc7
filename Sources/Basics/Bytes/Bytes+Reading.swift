extension Bytes {
  /// Calls `body` with the bytes, which stay valid until it returns. `pointer` alone does not keep them valid: Swift may
  /// release a value after its last use, which unmaps a file without other references.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) -> Result in try body(pointer) }
  }

  /// The bytes as text; nil if they are not UTF-8.
  public var text: String? { withUnsafeBytes { String(validating: $0, as: UTF8.self) } }
}
