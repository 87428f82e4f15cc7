import ArgumentParser
import Basics
import Devices

/// `sotto devices`: lists what can compute on this machine.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "List the devices that can compute on this machine.",
    discussion: "The first column is the argument of --device.")

  @Flag(help: "Print a JSON object.")
  var json = false

  func run() throws {
    let gpus = Devices.gpus()
    Console.out(json ? Self.json(gpus).text(.pretty) + "\n" : Self.table(gpus))
  }

  private static func table(_ found: Result<[Devices.GPU], DeviceProblem>) -> String {
    var text = "cpu      the processor\n"
    switch found {
    case .failure(let problem): text += "cuda     not available: \(problem)\n"
    case .success(let gpus):
      for gpu in gpus {
        let choice = "\(gpu.choice)".padding(toLength: 8)
        let memory =
          gpu.memory.free.map { "\(gigabytes($0)) of \(gigabytes(gpu.memory.total)) GB free" }
          ?? "\(gigabytes(gpu.memory.total)) GB"
        text += "\(choice) \(gpu.name), \(memory)\(gpu.problem.map { "; not available: \($0)" } ?? "")\n"
      }
    }
    return text
  }

  private static func json(_ found: Result<[Devices.GPU], DeviceProblem>) -> JSON {
    var devices: [JSON] = [["device": "cpu"]]
    var result = JSONObject()
    switch found {
    case .failure(let problem): result["cuda_problem"] = .string(problem.description)
    case .success(let gpus):
      devices += gpus.map { gpu in
        var object = JSONObject()
        object["device"] = .string("\(gpu.choice)")
        object["name"] = .string(gpu.name)
        object["memory_bytes"] = .integer(gpu.memory.total)
        if let free = gpu.memory.free { object["free_bytes"] = .integer(free) }
        if let problem = gpu.problem { object["problem"] = .string(problem) }
        return .object(object)
      }
    }
    result["devices"] = .array(devices)
    return .object(result)
  }

  private static func gigabytes(_ bytes: Int) -> String {
    let tenths = bytes / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}

extension String {
  /// The text followed by spaces up to a number of characters.
  fileprivate func padding(toLength length: Int) -> String {
    self + String(repeating: " ", count: max(0, length - count))
  }
}
