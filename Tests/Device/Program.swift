import ComputeCUDA
import Foundation

/// Tests and measurements on a GPU; see Tests/Device/run.
///
///     DeviceTests FIXTURES [part of a name]      runs the tests
///     DeviceTests bench SHAPE [layers]           measures a synthetic shape
///     DeviceTests profile SHAPE [layers]         the same with the time of each kernel
@main
enum Program {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let first = arguments.first else {
      say("DeviceTests FIXTURES [part of a name] | bench SHAPE [layers] | profile SHAPE [layers]")
      exit(2)
    }
    do {
      let device = try CUDADevice.device(0)
      say("device: \(device.name), \(device.multiprocessors) multiprocessors")
      if ["bench", "profile"].contains(first), arguments.count > 1 {
        try Measurement(
          device: device, shape: arguments[1], layers: arguments.dropFirst(2).first.flatMap { Int($0) }
        )
        .run(profiles: first == "profile")
        return
      }
      let tests = FixtureTests(device: device, folder: first)
      let failed = try tests.run(filter: arguments.dropFirst().first ?? "")
      exit(failed == 0 ? 0 : 1)
    } catch {
      say("error: \(error)")
      exit(1)
    }
  }
}
