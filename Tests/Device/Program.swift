import ComputeCUDA
import Foundation

/// Tests and measurements on a GPU; see Tests/Device/run.
///
///     DeviceTests FIXTURES [part of a name]      runs the tests
///     DeviceTests shapes [part of a name]        tests layers of full size
///     DeviceTests bench SHAPE [layers]           measures a synthetic shape
///     DeviceTests profile SHAPE [layers]         the same with the time of each kernel
@main
enum Program {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let first = arguments.first else {
      say("DeviceTests FIXTURES|shapes [part of a name], DeviceTests bench|profile SHAPE [layers]")
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
      if first == "shapes" {
        exit(ShapeTests(device: device).run(filter: arguments.dropFirst().first ?? "") == 0 ? 0 : 1)
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
