import CCUDA

/// Why a GPU cannot be used, or why it could not finish a computation.
public enum CUDAProblem: Error, Equatable, CustomStringConvertible {
  /// There is no driver on this machine.
  case noDriver
  /// The driver is older than the kernels.
  case oldDriver(String)
  /// The driver found no device.
  case noDevice
  /// There is no device with this number.
  case noSuchDevice(Int, count: Int)
  /// The device is older than the kernels support.
  case oldDevice(name: String, capability: String)
  /// The compiled kernels are missing.
  case noKernels(path: String)
  /// The compiled kernels are damaged, or of another version of the program.
  case wrongKernels(path: String, String)
  /// The device's memory does not suffice for so many more bytes.
  case outOfMemory(bytes: Int, free: Int)
  /// An error of the driver, with its text.
  case driver(String)
  /// A size that the kernels do not support.
  case unsupported(String)

  /// The error of a driver call.
  init(code: Int32) {
    let text = sotto_cuda_error_text(code).map { String(cString: $0) } ?? "error \(code)"
    self = code == Int32(SOTTO_CUDA_NO_DEVICE) ? .noDevice : .driver(text)
  }

  /// One line for the user: what is wrong, and what to do.
  public var description: String {
    switch self {
    case .noDriver: "there is no NVIDIA driver on this machine (libcuda.so.1)"
    case .oldDriver(let version):
      "the NVIDIA driver is too old (CUDA \(version)); install a driver of the 580 series or later"
    case .noDevice: "the NVIDIA driver finds no GPU"
    case .noSuchDevice(let index, let count):
      "there is no GPU \(index); the GPUs have numbers from 0 to \(count - 1)"
    case .oldDevice(let name, let capability):
      "\(name) has compute capability \(capability); 8.0 or later is required"
    case .noKernels(let path): "the GPU kernels are missing (\(path)); build them with 'make cuda'"
    case .wrongKernels(let path, let reason):
      "\(path): not the GPU kernels of this version (\(reason)); build them with 'make cuda'"
    case .outOfMemory(let bytes, let free):
      "the GPU has no memory for \(bytes >> 20) MB more (\(free >> 20) MB are free); use --device cpu or a smaller model"
    case .driver(let text): "the GPU reports: \(text); use --device cpu if this repeats"
    case .unsupported(let what): "\(what) is not supported on the GPU; use --device cpu"
    }
  }
}

/// Throws the error of a driver call.
func check(_ code: Int32) throws(CUDAProblem) {
  if code != 0 { throw CUDAProblem(code: code) }
}
