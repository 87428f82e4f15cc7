import Conversation
import TerminalInterface
import Testing

@Suite struct StatusLineTests {
  static let statistics = TurnStatistics(
    promptTokens: 9980, reusedTokens: 9939, generatedTokens: 20, timeToFirstToken: 0.4,
    tokensPerSecond: 128.4,
    contextUsed: 10_000)

  private func text(_ width: Int, _ change: (inout StatusLine) -> Void = { _ in }) -> String {
    var line = StatusLine(model: ChatDriver.model, statistics: Self.statistics)
    change(&line)
    return line.line(width: width).text
  }

  @Test func showsAllPartsOnAWideScreen() {
    let wide = text(130)
    #expect(
      wide.hasPrefix(" SmolLM2-135M · Q4_1 │ ready │ 128 tok/s │ reused 9\u{202F}939 · new 41 │ TTFT 0.40 s"))
    #expect(wide.hasSuffix("ctx 10k/8.2k 122% · /compact"))
  }

  /// The GPU is the first part to be omitted; nothing is shown for the processor.
  @Test func namesTheGPU() {
    func line(_ width: Int, _ device: String) -> String {
      text(width) { $0.model?.device = device }
    }
    #expect(line(160, "NVIDIA H100 80GB HBM3").hasPrefix(" SmolLM2-135M · Q4_1 · H100 80GB HBM3 │ ready │"))
    #expect(line(160, "An\u{1B}other GPU").contains("Q4_1 · An"))
    #expect(!line(160, "An\u{1B}other GPU").contains("\u{1B}"))
    #expect(line(100, "NVIDIA H100 80GB HBM3") == text(100))
  }

  @Test(arguments: 1...140)
  func fitsEveryWidth(_ width: Int) {
    #expect(CharacterWidth.columns(of: text(width)) <= width)
    #expect(
      CharacterWidth.columns(of: text(width) { $0.flash = "漢字 \u{1B}[31m a message that is rather long" })
        <= width)
  }

  @Test func namesTheReasonOfAMiss() {
    let line = text(160) { $0.statistics?.missReason = "the template changed" }
    #expect(line.contains("new 41 (the template changed)"))
  }

  @Test(arguments: [
    (ReuseKind.prefix, nil, "new 41 │"), (.snapshot, nil, "new 41 (snapshot) │"),
    (.disk, nil, "new 41 (from disk) │"), (.typedAhead, nil, "new 41 (typed ahead) │"),
    (.snapshot, "the system prompt changed", "new 41 (snapshot, the system prompt changed) │"),
    (.nothing, nil, "new 41 │"), (nil, nil, "new 41 │"),
  ])
  func namesTheSourceOfReusedTokens(_ reuse: ReuseKind?, _ reason: String?, _ expected: String) {
    let line = text(160) {
      $0.statistics?.reuse = reuse
      $0.statistics?.missReason = reason
    }
    #expect(line.contains(expected))
  }

  @Test func theReasonIsOmittedBeforeTheNumbers() {
    let line = text(90) { $0.statistics?.missReason = "the user edited the second message" }
    #expect(line.contains("reused 9\u{202F}939 · new 41 │"))
  }

  @Test func theReasonOfAMissIsInWords() {
    let line = text(80) {
      $0.statistics?.reusedTokens = 6
      $0.statistics?.missReason = "system prompt changed"
    }
    #expect(line.contains("new 9\u{202F}974 (system prompt changed)"), "\(line)")
    let wide = text(160) {
      $0.statistics?.reusedTokens = 6
      $0.statistics?.missReason = "system prompt changed"
    }
    #expect(wide.contains("reused 6 · new 9\u{202F}974 (system prompt changed) │ TTFT"), "\(wide)")
  }

  /// A long name is shortened before numbers are left out, and gets the columns that are free.
  @Test func aLongNameLeavesRoomForTheCache() {
    let model = ModelInfo(
      name: "SmolLM2-135M-Instruct.Q4_1", quantisation: "Q4_1", contextLength: 8192, efforts: [])
    for width in 78...140 {
      let line = text(width) {
        $0.model = model
        $0.statistics?.contextUsed = 2400
      }
      #expect(line.contains("reused 9\u{202F}939 · new 41 │ TTFT 0.40 s"), "\(line)")
      let name = line.prefix { $0 != "│" }.filter { $0 != " " }
      let isWhole = name == model.name
      #expect(isWhole || name.hasSuffix("…Q4_1") && CharacterWidth.columns(of: line) >= width - 1, "\(line)")
    }
  }

  @Test func showsThePrefillProgress() {
    let driver = ChatDriver()
    driver.type("x<Enter>")
    driver.engine(.prefill(done: 0, total: 1000, reused: 0))
    driver.now += 2
    driver.engine(.prefill(done: 250, total: 1000, reused: 0))
    // 125 tokens per second, 750 remaining.
    #expect(driver.chat.frame().lines.last?.text.contains("prefill 25% · eta 6 s") == true)
  }

  /// The estimate is exact for costs that are linear in the position.
  @Test(arguments: [(0.01, 0.0, 0), (0.001, 0.000_002, 0), (0.001, 0.000_002, 3000), (0.0, 0.000_01, 100)])
  func theForecastIsExactForLinearCosts(_ base: Double, _ slope: Double, _ reused: Int) throws {
    func time(_ position: Int) -> Double {
      base * Double(position) + slope * Double(position) * Double(position) / 2
    }
    let total = 8000
    var forecast = PrefillForecast(done: reused, total: total, now: time(reused))
    #expect(forecast.remaining(now: time(reused)) == nil)
    for done in [reused + 256, reused + 700, reused + 2000] { forecast.note(done: done, now: time(done)) }
    let now = time(reused + 2000)
    let left = try #require(forecast.remaining(now: now + 1))
    #expect(abs(left - (time(total) - now - 1)) < 0.001 * time(total))
    #expect(forecast.remaining(now: now + 1e6) == 0)
  }

  /// The first estimate, after one chunk of 256 tokens, of costs b + s * position: exact if the model's shape says s / b,
  /// half of it or more if the shape is wrong by a factor of two, and the same behind reused tokens.
  @Test(arguments: [
    // b, s / b, the share that the shape implies, reused tokens, total, estimate / true time
    (0.0005, 4e-4, 4e-4, 0, 8000, 1.0...1.0), (0.0005, 4e-4, 4e-4, 4000, 8000, 1.0...1.0),
    (0.001, 1e-4, 1e-4, 0, 100_000, 1.0...1.0), (0.002, 0, 0, 0, 8000, 1.0...1.0),
    (0.002, 0, 1e-5, 0, 8000, 1.0...1.1), (0.0005, 4e-4, 2e-4, 0, 8000, 0.6...1.0),
    (0.0005, 4e-4, 8e-4, 0, 8000, 1.0...1.7), (0.0005, 4e-4, .nan, 0, 8000, 0.3...1.0),
  ])
  func theFirstForecastFollowsTheShape(
    _ base: Double, _ growth: Double, _ share: Double, _ reused: Int, _ total: Int,
    _ bounds: ClosedRange<Double>
  ) throws {
    func time(_ position: Int) -> Double {
      base * Double(position) * (1 + growth * Double(position) / 2)
    }
    var forecast = PrefillForecast(done: reused, total: total, now: time(reused), attentionShare: share)
    forecast.note(done: reused + 256, now: time(reused + 256))
    let now = time(reused + 256)
    let ratio = try #require(forecast.remaining(now: now)) / (time(total) - now)
    #expect(ratio > bounds.lowerBound - 1e-6 && ratio < bounds.upperBound + 1e-6, "\(ratio)")
    // Later estimates are exact whatever the shape says.
    for done in stride(from: reused + 512, to: (reused + total) / 2 + 256, by: 256) {
      forecast.note(done: done, now: time(done))
    }
    let half = (total - reused) / 2 / 256 * 256 + reused + 256
    forecast.note(done: half, now: time(half))
    let left = try #require(forecast.remaining(now: time(half)))
    #expect(abs(left / (time(total) - time(half)) - 1) < 0.02)
  }

  @Test func fallingCostsAreNotExtrapolated() throws {
    var forecast = PrefillForecast(done: 0, total: 1000, now: 0)
    forecast.note(done: 100, now: 5)
    forecast.note(done: 200, now: 6)
    #expect(try #require(forecast.remaining(now: 6)) == 24, "at the average speed")
  }

  /// The time for which the process was stopped counts for no measurement.
  @Test func aStoppedProcessDoesNotChangeTheSpeeds() {
    let driver = ChatDriver()
    driver.type("x<Enter>")
    driver.engine(.prefill(done: 0, total: 1000, reused: 0))
    driver.now += 1
    driver.engine(.prefill(done: 250, total: 1000, reused: 0))
    func stop(_ seconds: Double) {
      driver.now += seconds
      driver.chat.suspended(from: driver.now - seconds, to: driver.now)
    }
    stop(60)
    driver.now += 1
    driver.engine(.prefill(done: 500, total: 1000, reused: 0))
    #expect(driver.chat.frame().lines.last?.text.contains("eta 2 s") == true)
    driver.now += 2
    driver.engine(.delta(.reasoning, "hm"))
    #expect(driver.state.statistics?.timeToFirstToken == 4)
    driver.now += 1
    stop(100)
    driver.now += 1
    driver.engine(.delta(.reasoning, "m"), .delta(.answer, "Yes."))
    // The engine measured 64 s for the prefill, and 102 s for 51 tokens.
    driver.engine(
      .finished(
        .stop,
        TurnStatistics(
          promptTokens: 1000, generatedTokens: 52, timeToFirstToken: 64, promptTokensPerSecond: 1000.0 / 64,
          tokensPerSecond: 51.0 / 102)))
    #expect(driver.state.statistics?.timeToFirstToken == 4)
    #expect(driver.state.statistics?.promptTokensPerSecond == 250)
    #expect(driver.state.statistics?.tokensPerSecond == 25.5)
    #expect(driver.state.conversation.messages.last?.reasoningTime == 2)
  }

  @Test func omitsUnknownValues() {
    let line = StatusLine(model: ChatDriver.model).line(width: 100).text
    #expect(line == " SmolLM2-135M · Q4_1 │ ready")
  }
}
