import CCUDA

/// A GPU of this machine.
public struct CUDADevice: Sendable, Equatable {
  /// Its number.
  public let index: Int
  /// The vendor's name.
  public let name: String
  /// Major and minor number of the compute capability.
  public let capability: (major: Int, minor: Int)
  /// The number of multiprocessors.
  public let multiprocessors: Int
  /// Bytes of its memory.
  public let memory: Int
  /// Bytes of shared memory that a block can have.
  let sharedMemory: Int

  /// Whether it has products by warpgroups (wgmma).
  var hasWarpgroups: Bool { capability == (9, 0) }

  /// Whether products of a few rows can be streamed by bulk copies.
  var streams: Bool { capability.major >= 9 && sharedMemory >= StreamPlan.mostShared + (10 << 10) }

  /// The same device of the same machine.
  public static func == (a: CUDADevice, b: CUDADevice) -> Bool { a.index == b.index && a.name == b.name }

  /// The oldest driver that runs the kernels: the compiler's major version.
  static let driverVersion = 13_000

  /// All GPUs. Starts the driver at the first call, which takes some 100 ms.
  /// - Throws: `CUDAProblem` if there is no driver, it is too old, or it finds no device.
  public static func all() throws(CUDAProblem) -> [CUDADevice] {
    switch sotto_cuda_open() {
    case SOTTO_CUDA_NO_LIBRARY: throw .noDriver
    case SOTTO_CUDA_OLD_LIBRARY: throw .oldDriver("11 or earlier")
    default: break
    }
    try check(sotto_cuda_start())
    var version: Int32 = 0
    try check(sotto_cuda_driver_version(&version))
    guard version >= driverVersion else { throw .oldDriver("\(version / 1000).\(version % 1000 / 10)") }
    var count: Int32 = 0
    try check(sotto_cuda_device_count(&count))
    guard count > 0 else { throw .noDevice }
    var devices: [CUDADevice] = []
    for index in 0..<count { devices.append(try CUDADevice(index)) }
    return devices
  }

  /// The device with this number.
  public static func device(_ index: Int) throws(CUDAProblem) -> CUDADevice {
    let devices = try all()
    guard devices.indices.contains(index) else { throw .noSuchDevice(index, count: devices.count) }
    return devices[index]
  }

  private init(_ index: Int32) throws(CUDAProblem) {
    self.index = Int(index)
    var text = [CChar](repeating: 0, count: 256)
    try check(sotto_cuda_device_name(index, &text, Int32(text.count)))
    name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    func attribute(_ name: sotto_cuda_attribute) throws(CUDAProblem) -> Int {
      var value: Int32 = 0
      try check(sotto_cuda_device_attribute(index, name, &value))
      return Int(value)
    }
    capability = (try attribute(SOTTO_CUDA_MAJOR), try attribute(SOTTO_CUDA_MINOR))
    multiprocessors = try attribute(SOTTO_CUDA_MULTIPROCESSORS)
    sharedMemory = try attribute(SOTTO_CUDA_SHARED_MEMORY)
    var bytes = 0
    try check(sotto_cuda_device_memory(index, &bytes))
    memory = bytes
  }

  /// Why the device cannot be used, kernels apart; nil if it can.
  public var problem: CUDAProblem? {
    capability.major < 8
      ? .oldDevice(name: name, capability: "\(capability.major).\(capability.minor)") : nil
  }

  /// Throws if the kernels are missing or cannot be loaded.
  public func checkKernels() throws(CUDAProblem) { _ = try CUDAContext.of(self).kernels() }

  /// Bytes of its memory that no program uses. Creates the device's context, which takes some 100 ms and MB.
  public func freeMemory() throws(CUDAProblem) -> Int { try CUDAContext.of(self).freeMemory() }
}
