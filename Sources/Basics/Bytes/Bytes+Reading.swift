extension Bytes {
  /// Calls `body` with the bytes, which stay valid until it returns. `pointer` alone does not keep them
  /// valid: Swift may let go of a value after its last use, and unmap a file that nothing else holds.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) -> Result in try body(pointer) }
  }

  /// The bytes as text; nil where they are not UTF-8.
  public var text: String? { withUnsafeBytes { String(validating: $0, as: UTF8.self) } }
}
