import CKernels

/// The synchronous backend for the processor's vector units, with its own thread pool.
///
/// A tensor is a view (offset and row stride) of a `CPUBuffer`; every operation writes to a new buffer from the pool.
/// The overhead of a call is some tens of nanoseconds.
public final class CPUBackend: InterruptibleBackend, MemoryReleasingBackend, MemoryPreparingBackend,
  ActivationRoundingBackend, RowLimitingBackend, PrefillBackend
{
  /// Whether activations, keys and values may be rounded for speed.
  public let precision: Precision
  /// The number format of keys and values.
  public let cacheFormat: CacheFormat
  /// Whether the rows are tokens of prompts; see `PrefillBackend`.
  public var isPrefill = false
  package let pool: ThreadPool
  package let buffers = BufferPool()
  let workspace: MatrixWorkspace
  package let states = StateReserve()
  var rotaryAngles = RotaryAngles()

  /// - Parameters:
  ///   - precision: whether activations, keys and values may be rounded for speed.
  ///   - threads: the number of threads, including the caller's; nil for one per processor.
  ///   - cacheFormat: the number format of keys and values; nil for float32 if the precision is exact and float16 if
  ///     it is fast.
  public init(precision: Precision, threads: Int? = nil, cacheFormat: CacheFormat? = nil) {
    self.precision = precision
    self.cacheFormat = cacheFormat ?? (precision == .exact ? .float32 : .float16)
    pool = ThreadPool(threads: threads ?? ThreadPool.processors)
    workspace = MatrixWorkspace(pool)
  }

  // States may outlive the backend and refer to the reserve.
  deinit { states.removeAll() }

  /// The number of threads, including the caller's.
  public var threads: Int { pool.threads }

  /// Returns memory that no tensor uses to the system: after a long prompt, or when a model is unloaded.
  public func releaseUnusedMemory() {
    buffers.releaseAll()
    states.removeAll()
    sotto_trim_memory()
  }

  /// A tensor of these numbers in row-major order: one copy.
  public func tensor(_ values: [Float], columns: Int) -> Tensor {
    precondition(columns > 0 && values.count % columns == 0, "\(values.count) numbers in rows of \(columns)")
    let (result, pointer) = make(rows: values.count / columns, columns: columns)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
    }
    return result
  }

  /// The numbers of a tensor in row-major order: one copy.
  public func values(_ x: Tensor) -> [Float] {
    let source = pointer(x)
    return [Float](unsafeUninitializedCapacity: x.rows * x.columns) { target, count in
      if let base = target.baseAddress {
        for row in 0..<x.rows {
          (base + row * x.columns).initialize(from: source + row * x.stride, count: x.columns)
        }
      }
      count = x.rows * x.columns
    }
  }

  /// The columns `range` of every row: a view.
  public func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor { x.viewed(columns: range) }

  /// A view of consecutive rows; otherwise a copy.
  public func rows(_ x: Tensor, _ indices: [Int]) -> Tensor {
    if let view = x.viewed(rows: indices) { return view }
    let (result, target) = make(rows: indices.count, columns: x.columns)
    let source = pointer(x)
    for (row, index) in indices.enumerated() {
      (target + row * x.columns).update(from: source + index * x.stride, count: x.columns)
    }
    return result
  }

  // Helpers for the extensions

  /// A new tensor without gaps between rows, and a pointer to its uninitialised numbers.
  @inline(__always)
  func make(rows: Int, columns: Int) -> (tensor: Tensor, pointer: UnsafeMutablePointer<Float>) {
    let buffer = buffers.take(rows * columns)
    return (Tensor(rows: rows, columns: columns, storage: buffer), buffer.pointer)
  }

  /// The first number of a tensor of this backend; rows are `x.stride` numbers apart.
  @inline(__always)
  func pointer(_ x: Tensor) -> UnsafePointer<Float> {
    guard let buffer = x.storage as? CPUBuffer else { preconditionFailure("a tensor of another backend") }
    return UnsafePointer(buffer.pointer + x.offset)
  }

  /// The numbers of a vector parameter of length `count`.
  func vector(_ parameter: Parameter, count: Int) -> UnsafePointer<Float> {
    guard let vector = parameter.storage as? CPUVector else { preconditionFailure("not a vector") }
    precondition(vector.count == count, "a vector of \(vector.count) numbers in place of \(count)")
    return UnsafePointer(vector.pointer)
  }
}
