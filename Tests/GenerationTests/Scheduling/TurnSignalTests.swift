import Basics
import Generation
import TestSupport
import Testing

/// Turns in one process go before batches in another. Two open files stand for two processes.
@Suite(.timeLimit(.minutes(20))) struct TurnSignalTests {
  @Test func aBatchWaitsForATurn() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/new/turn.lock"
    let turn = try #require(TurnSignal(path: path)), other = try #require(TurnSignal(path: path))
    let batch = try #require(TurnSignal(path: path))
    func waits() -> Bool {
      var isAsked = false
      batch.waitForOthers(patience: .infinity) {
        isAsked = true
        return true
      }
      return isAsked
    }
    #expect(!waits())
    turn.set(true)
    #expect(waits())
    // Turns of several processes don't wait for each other.
    other.set(true)
    turn.set(false)
    #expect(waits())
    other.set(false)
    #expect(!waits())
    // A process does not wait for itself.
    batch.set(true)
    #expect(!waits())
  }

  /// A suspended process may hold the lock.
  @Test func patienceEnds() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/turn.lock"
    let turn = try #require(TurnSignal(path: path)), batch = try #require(TurnSignal(path: path))
    turn.set(true)
    var polls = 0
    batch.waitForOthers(patience: 0.05) {
      polls += 1
      return false
    }
    #expect(polls > 0)
  }

  @Test func anEndedProcessHoldsNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/turn.lock"
    var turn = TurnSignal(path: path)
    turn?.set(true)
    turn = nil
    let batch = try #require(TurnSignal(path: path))
    batch.waitForOthers(patience: .infinity) {
      Issue.record("it waits")
      return true
    }
  }

  @Test func aFileThatCannotBeOpenedIsNone() {
    #expect(TurnSignal(path: "/dev/null/turn.lock") == nil)
  }

  /// The generator's steps of a batch, and a cancellation meanwhile.
  @Test(arguments: [true, false]) func theGeneratorGivesWay(_ isCancelled: Bool) async throws {
    let tiny = try TinyModels.named("llama")
    let folder = try TemporaryFolder()
    let path = folder.path + "/turn.lock"
    let turn = try #require(TurnSignal(path: path))
    let generator = Generator(turnFile: path, turnPatience: .infinity)
    let model = try await SteppedModel.load(tiny, in: generator)
    let flag = CancellationFlag()
    let batch = generator.generate("a", SchedulerFixture.request([1, 2], count: 20), cancellation: flag)
    await model.nextStep()
    turn.set(true)
    // The passes of the step that runs; the next one waits.
    model.permit(2)
    await model.nextStep()
    // Its own turns are not affected.
    let own = generator.generate("a", SchedulerFixture.request([3], count: 4, priority: .turn))
    model.permit(4)
    #expect(await SchedulerFixture.answer(own).tokens == (try tiny.load().coldAnswer([3], count: 4)))
    if isCancelled { flag.cancel() } else { turn.set(false) }
    model.permit(1000)
    let answer = await SchedulerFixture.answer(batch)
    #expect(answer.reason == (isCancelled ? .cancelled : .length))
    if !isCancelled { #expect(answer.tokens == (try tiny.load().coldAnswer([1, 2], count: 20))) }
  }
}
