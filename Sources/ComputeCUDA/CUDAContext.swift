import CCUDA
import Foundation

/// The context of a device in this process and its compiled kernels. One for each device, kept until the process ends.
final class CUDAContext: @unchecked Sendable {
  let device: CUDADevice
  /// The driver's handle, which any thread may use.
  let handle: OpaquePointer
  private let lock = NSLock()
  // Accessed only while `lock` is held.
  private var functions: [OpaquePointer?] = []
  private var modules: [OpaquePointer] = []

  private init(_ device: CUDADevice) throws(CUDAProblem) {
    self.device = device
    var handle: OpaquePointer?
    try check(sotto_cuda_retain_context(Int32(device.index), &handle))
    guard let handle else { throw .driver("no context") }
    self.handle = handle
  }

  private static let known = Known()

  /// The contexts by device.
  private final class Known: @unchecked Sendable {
    let lock = NSLock()
    var contexts: [Int: CUDAContext] = [:]
  }

  /// The context of a device.
  static func of(_ device: CUDADevice) throws(CUDAProblem) -> CUDAContext {
    known.lock.lock()
    defer { known.lock.unlock() }
    if let context = known.contexts[device.index] { return context }
    let context = try CUDAContext(device)
    known.contexts[device.index] = context
    return context
  }

  /// Bytes that no program uses.
  func freeMemory() throws(CUDAProblem) -> Int {
    var free = 0, total = 0
    try check(sotto_cuda_memory(handle, &free, &total))
    return free
  }

  /// The kernels, loaded at the first call.
  func kernels() throws(CUDAProblem) -> [OpaquePointer?] {
    lock.lock()
    defer { lock.unlock() }
    if functions.isEmpty { functions = try load(KernelFile.path()) }
    return functions
  }

  private func load(_ path: String) throws(CUDAProblem) -> [OpaquePointer?] {
    for image in try KernelFile.images(path) {
      var module: OpaquePointer?
      let code = image.withUnsafeBytes { sotto_cuda_load_module(handle, $0.baseAddress, &module) }
      guard code == 0, let module else { throw .wrongKernels(path: path, "\(CUDAProblem(code: code))") }
      modules.append(module)
    }
    return try CUDAKernel.allCases.map { (kernel) throws(CUDAProblem) -> OpaquePointer? in
      for module in modules {
        var function: OpaquePointer?
        guard sotto_cuda_find_function(module, kernel.rawValue, &function) == 0 else { continue }
        if let bytes = kernel.sharedMemory, bytes <= device.sharedMemory {
          try check(sotto_cuda_allow_shared_memory(handle, function, Int32(bytes)))
        }
        return function
      }
      throw .wrongKernels(path: path, "\(kernel.rawValue) is missing")
    }
  }
}

/// The file of compiled kernels: fat binaries one after another, each with its size in its header.
package enum KernelFile {
  static let name = "sotto-cuda.kernels"

  /// Where the kernels are: beside the program, or in ../share/sotto after an installation.
  static func path() throws(CUDAProblem) -> String {
    let program = URL(filePath: CommandLine.arguments.first ?? "").lastPathComponent
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? program
    let folder = URL(filePath: own).deletingLastPathComponent()
    let places = [folder.appending(path: name), folder.appending(path: "../share/sotto/\(name)")]
    guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw .noKernels(path: places[0].path)
    }
    return found.path
  }

  /// The fat binaries of a file.
  static func images(_ path: String) throws(CUDAProblem) -> [Data] {
    guard let data = FileManager.default.contents(atPath: path) else { throw .noKernels(path: path) }
    guard let images = split(data) else { throw .wrongKernels(path: path, "damaged") }
    return images
  }

  /// The parts of concatenated fat binaries; nil if a header or the end is wrong.
  package static func split(_ data: Data) -> [Data]? {
    let magic: UInt32 = 0xba55_ed50
    var images: [Data] = [], at = 0
    while at < data.count {
      guard data.count - at >= 16 else { return nil }
      let (sign, header, body) = data.withUnsafeBytes {
        (
          $0.loadUnaligned(fromByteOffset: at, as: UInt32.self),
          Int($0.loadUnaligned(fromByteOffset: at + 6, as: UInt16.self)),
          $0.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
        )
      }
      guard sign == magic, header >= 16, body <= UInt64(data.count), header + Int(body) <= data.count - at
      else { return nil }
      images.append(data.subdata(in: at..<at + header + Int(body)))
      at += header + Int(body)
    }
    return images.isEmpty ? nil : images
  }
}
