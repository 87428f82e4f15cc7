import ArgumentParser
import Checkpoints
import Models
import TerminalInterface

/// `sotto bench`: measures speed, memory, and the share of the limits of the machine.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the speed of a model, or of a full-size shape with random weights.",
    discussion: """
      The results are medians of the repetitions. The limits of the machine are measured in the same run: 8-bit \
      integer dot products for the prompt, memory bandwidth for generation. Shapes: \
      \(SyntheticShape.all.map(\.name).joined(separator: ", ")).
      """)

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Option(help: "A full-size shape with random weights, instead of a model.")
  var synthetic: String?

  @Option(help: "Number of layers of the synthetic shape (default: that of the model).")
  var layers: Int?

  @Option(help: "Number of cached tokens before the prompt; their prefill is not measured.")
  var cached = 0

  @Option(help: "Number of prompt tokens (default: 512; with --batch 100).")
  var prompt: Int?

  @Option(help: "Number of tokens to generate (default: 64; with --batch 100).")
  var generate: Int?

  @Option(help: "Temperature for sampling; 0 selects the most likely token.")
  var temperature: Float = 0

  @Option(help: "Seed for sampling.")
  var seed: UInt64 = 0

  @Flag(
    help: "Also measure sampling from all tokens (temperature 1, top-p 1, top-k 0), alternating with greedy.")
  var sampled = false

  @Option(name: .customLong("repeat"), help: "Number of repetitions.")
  var repetitions = 3

  @Flag(
    help: "Measure processor time, not elapsed time: other programs affect it less. Requires --threads 1.")
  var cpuTime = false

  @Option(
    help:
      "Numbers of tokens, such as 1,2,3,4,5,8; measures what a pass of as many costs relative to one token.")
  var rows: String?

  @Flag(help: "Measure the time to the first token for 1 to 512 tokens after 0, 1,000 and 8,000 cached ones.")
  var curve = false

  @Flag(help: "Measure prompt speed and memory at 1,000, 4,000, 10,000 and 32,000 tokens.")
  var positions = false

  @Flag(help: "Run a conversation (turns, edits, switches, drafts) and print the prefill of each turn.")
  var conversation = false

  @Option(help: "Number of turns of the conversation before the edits.")
  var turns = 20

  @Option(help: "Number of tokens of each message of the conversation.")
  var message = 40

  @Option(help: "Number of tokens of each answer of the conversation.")
  var answer = 200

  @Option(help: "Measure a cold start, without caches, for every Nth turn of the conversation.")
  var coldEvery = 1

  @Option(
    help: "Numbers of requests that run together, such as 1,8,16; each is compared with requests in turn.")
  var batch: String?

  @Option(
    name: .customLong("switch"), help: "Another model; measures switches between the two.",
    completion: .model)
  var other: String?

  @Option(help: "Number of switches between the two models.")
  var times = 200

  @Flag(help: "Keep only one of the two models in memory.")
  var evict = false

  @OptionGroup var speculation: SpeculationBenchOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if model != nil, synthetic != nil {
      throw ValidationError("specify either a model or --synthetic with a shape")
    }
    if other != nil, model == nil { throw ValidationError("--switch requires a model") }
    if cpuTime, compute.threadCount != 1 { throw ValidationError("--cpu-time requires --threads 1") }
    if layers != nil, synthetic == nil { throw ValidationError("--layers requires --synthetic") }
    try speculation.validate(isSynthetic: synthetic != nil)
    if let layers, !(1...4096).contains(layers) {
      throw ValidationError("--layers must be a number from 1 to 4096, not \(layers)")
    }
    // The limit prevents overflows of sums; the context length is checked after the model is opened.
    func check(_ name: String, _ value: Int, from minimum: Int) throws {
      guard (minimum...1_000_000_000).contains(value) else {
        throw ValidationError("--\(name) must be a number from \(minimum) to 1000000000, not \(value)")
      }
    }
    try check("cached", cached, from: 0)
    try check("prompt", promptCount, from: 1)
    try check("generate", generateCount, from: 0)
    try check("repeat", repetitions, from: 1)
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature must be at least 0, not \(temperature)")
    }
    if rows != nil, Self.sizes(rows) == nil {
      throw ValidationError("--rows must be a list of numbers from 1 to 256, such as 1,2,4,8")
    }
    if batch != nil, batchSizes == nil {
      throw ValidationError("--batch must be a list of numbers from 1 to 256, such as 1,8,16")
    }
    try check("times", times, from: 2)
    try check("turns", turns, from: 1)
    try check("message", message, from: 1)
    try check("answer", answer, from: 2)
    try check("cold-every", coldEvery, from: 1)
  }

  mutating func run() async throws {
    if model == nil, synthetic == nil {
      let settings = try UserSettings.load()
      let finder = ModelFinder.from(settings)
      guard let choice = try? NamedModel(nil, settings, finder) else {
        throw ValidationError("specify either a model or --synthetic with a shape")
      }
      do { _ = try finder.resolve(choice.name) } catch { throw choice.explained(error) }
      model = choice.name
    }
    try await measure()
  }

  var promptCount: Int { prompt ?? (batch == nil ? 512 : 100) }
  var generateCount: Int { generate ?? (batch == nil ? 64 : 100) }

  /// The numbers of --batch; nil without the option or if it is invalid.
  var batchSizes: [Int]? { Self.sizes(batch) }

  /// The numbers of a list; nil without one or if it is invalid.
  static func sizes(_ list: String?) -> [Int]? {
    let sizes = list?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard let sizes, !sizes.isEmpty, sizes.allSatisfy((1...256).contains) else { return nil }
    return sizes
  }
}
