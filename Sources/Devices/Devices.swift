import Compute
import ComputeCUDA

/// Why a kind of device is not available, in one line.
public struct DeviceProblem: Error, Equatable, CustomStringConvertible {
  /// The line.
  public let description: String
}

/// A device that the user chose cannot be used.
public struct UnusableDevice: Error, Equatable, CustomStringConvertible {
  /// The choice.
  public let choice: DeviceChoice
  /// Why, and what to do, in one line.
  public let description: String
}

/// The devices of this machine and the backends that compute on them.
public enum Devices {
  /// A backend with what the user should know about it.
  public struct Made {
    /// The backend.
    public let backend: any Backend
    /// The device's name; nil for the processor.
    public let name: String?
    /// Why a GPU is not used although there is one; nil if there is nothing to say.
    public let notice: String?
  }

  /// A GPU as listed by `sotto devices`.
  public struct GPU: Sendable {
    /// The argument of `--device`.
    public let choice: DeviceChoice
    /// The vendor's name.
    public let name: String
    /// Bytes of its memory, and how many are free; nil if that is unknown.
    public let memory: (total: Int, free: Int?)
    /// Why it cannot be used; nil if it can.
    public let problem: String?
  }

  /// The GPUs of this machine, or why there are none that can be used.
  public static func gpus() -> Result<[GPU], DeviceProblem> {
    do throws(CUDAProblem) {
      return .success(
        try CUDADevice.all().map { device in
          var problem = device.problem?.description, free: Int?
          if problem == nil {
            do throws(CUDAProblem) {
              free = try device.freeMemory()
              try device.checkKernels()
            } catch { problem = error.description }
          }
          return GPU(
            choice: .cuda(device.index), name: device.name, memory: (device.memory, free), problem: problem)
        })
    } catch { return .failure(DeviceProblem(description: error.description)) }
  }

  /// Makes a backend.
  /// - Parameters:
  ///   - weights: bytes of the model's weights, by which `automatic` decides.
  ///   - threads: of the processor.
  /// - Throws: `UnusableDevice` if a GPU was chosen that cannot be used.
  public static func make(
    _ choice: DeviceChoice, weights: Int, precision: Precision, threads: Int, cacheFormat: CacheFormat?
  ) throws -> Made {
    func gpu(_ device: CUDADevice) throws(CUDAProblem) -> Made {
      let backend = try CUDABackend(device: device, precision: precision, cacheFormat: cacheFormat)
      return Made(backend: backend, name: device.name, notice: nil)
    }
    var notice: String?
    switch choice {
    case .processor: break
    case .cuda(let index):
      do throws(CUDAProblem) { return try gpu(CUDADevice.device(index)) } catch {
        throw UnusableDevice(choice: choice, description: error.description)
      }
    case .automatic:
      do throws(CUDAProblem) {
        let device = try CUDADevice.device(0)
        if let problem = device.problem { throw problem }
        let plan = DevicePlan(weights: weights, free: try device.freeMemory())
        if plan == .gpu { return try gpu(device) }
        notice = plan.notice
      } catch {
        // Without a driver or a device there is nothing to say.
        if error != .noDriver, error != .noDevice { notice = "\(error); the model runs on the processor" }
      }
    }
    let backend = CPUBackend(precision: precision, threads: threads, cacheFormat: cacheFormat)
    return Made(backend: backend, name: nil, notice: notice)
  }
}
