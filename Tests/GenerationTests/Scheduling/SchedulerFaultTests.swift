import Basics
import Generation
import Synchronization
import Testing

/// What happens to the others when a request fails, is cancelled, does not fit or is less urgent.
@Suite(.timeLimit(.minutes(20))) struct SchedulerFaultTests {
  private typealias Fixture = SchedulerFixture

  /// The model fails on a token, in passes with others and alone; recurrent states can't be truncated afterwards.
  @Test(arguments: TinyModels.kinds) func oneFailsAlone(_ tiny: TinyModels) async throws {
    let reference = try tiny.load()
    let vocabulary = Int32(reference.model.facts.vocabularyCount)
    let prompts: [[Int32]] = [[1, 2, 3], [4, 5, 6, 7], [8, 9]]
    let cold = try prompts.map { try reference.coldAnswer($0, count: 10) }
    // A token of the second answer that does not occur in the others.
    let others = Set(prompts.joined()).union(cold[0] + cold[2])
    let bad = cold[1].dropLast().first { !others.contains($0) } ?? vocabulary - 1
    guard !others.contains(bad), let end = cold[1].dropLast().firstIndex(of: bad) else { return }
    let fixture = try await Fixture(tiny, failsOn: bad)
    let answers = await fixture.answers(prompts.map { Fixture.request($0, count: 10) })
    #expect(answers[0].tokens == cold[0] && answers[2].tokens == cold[2])
    #expect(answers[1].failure != nil && answers[1].tokens == Array(cold[1][...end]))
  }

  @Test func aPromptThatFailsDoesNotDelayOthers() async throws {
    let tiny = try TinyModels.named("llama")
    let reference = try tiny.load()
    let requests = [[1, 2], [10, 11], [], [Int32.max], [3]].map { Fixture.request($0, count: 3) }
    let answers = try await Fixture.answers(tiny, requests, failsOn: 11)
    #expect(answers.map { $0.failure == nil } == [true, false, false, false, true])
    #expect(try answers[0].tokens == reference.coldAnswer([1, 2], count: 3))
    #expect(try answers[4].tokens == reference.coldAnswer([3], count: 3))
  }

  @Test func oneIsCancelledAlone() async throws {
    let tiny = try TinyModels.named("llama")
    let generator = Generator()
    let model = try await SteppedModel.load(tiny, in: generator)
    let reference = try tiny.load()
    let flag = CancellationFlag()
    let first = generator.generate("a", Fixture.request([1, 2], count: 150))
    let stopped = generator.generate("a", Fixture.request([3], count: 150), cancellation: flag)
    for _ in 0..<5 {
      await model.nextStep()
      model.permit()
    }
    await model.nextStep()
    flag.cancel()
    model.permit(1000)
    let answer = await Fixture.answer(stopped)
    #expect(answer.reason == .cancelled && answer.tokens.count < 150)
    #expect(try await Fixture.answer(first).tokens == reference.coldAnswer([1, 2], count: 150))
  }

  @Test func requestsWaitForMemoryInOrder() async throws {
    let tiny = try TinyModels.named("llama")
    let reference = try tiny.load()
    let (prompt, count) = (Array(Int32(1)...30), 60)
    let state = reference.model.makeCaches().reduce(0) { $0 + $1.expectedBytes(at: prompt.count + count) }
    let fixture = try await Fixture(tiny, limits: GeneratorLimits(cacheBytes: 2 * state + 100))
    let answers = await fixture.answers(
      (0..<7).map { Fixture.request(prompt + [Int32($0)], count: count - 1) })
    for answer in answers { #expect(answer.failure == nil && answer.tokens.count == count - 1) }
    #expect(fixture.model.passes.map(\.count).max() == 2)
  }

  @Test func aTurnGoesBeforeABatch() async throws {
    let tiny = try TinyModels.named("llama")
    let generator = Generator()
    let model = try await SteppedModel.load(tiny, in: generator)
    let batch = (1...3).map { generator.generate("a", Fixture.request([Int32($0)], count: 100)) }
    for _ in 0..<5 {
      await model.nextStep()
      model.permit()
    }
    await model.nextStep()
    let turn = generator.generate("a", Fixture.request([7, 8], count: 10, priority: .turn))
    // The batch's current step, and exactly those of the turn: with a step of the batch between, the turn would hang.
    model.permit(1 + 10)
    #expect(await Fixture.answer(turn).tokens.count == 10)
    model.permit(10_000)
    let reference = try tiny.load()
    for (index, events) in batch.enumerated() {
      #expect(try await Fixture.answer(events).tokens == reference.coldAnswer([Int32(index + 1)], count: 100))
    }
  }
}
