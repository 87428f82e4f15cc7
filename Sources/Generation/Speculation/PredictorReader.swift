import Compute
import Models

/// Proposes tokens of one answer by the layer for multi-token prediction of the model itself.
///
/// It needs the model's hidden states, which passes over the prompt's end and over the answer deliver. They wait until
/// the next proposals, and are then processed in one pass. Its sequence begins where they do: after a gap, it begins
/// again.
struct PredictorReader {
  /// The most rows that wait; the oldest are dropped. Also the number of a prompt's last tokens whose hidden states are
  /// worth computing.
  static let mostRows = 256

  private let predictor: TokenPredictor
  private let backend: any Backend
  private var state: SequenceState
  /// The position of the answer's sequence at which the predictor's begins.
  private var start = 0
  /// The number of positions that the predictor has processed with the model's own hidden states. Those after them are
  /// of proposals.
  private var confirmed = 0
  /// The hidden states that were not processed yet, in order, without gaps.
  private var waiting: [Tensor] = []
  private var waitingRows = 0
  /// A moving average of the seconds per proposal; nil before the first.
  private(set) var secondsPerProposal: Double?
  /// What it proposes from.
  private var vocabulary: DraftVocabulary

  /// - Returns: nil if the model has no such layer, or one whose caches can't be truncated.
  init?(_ loaded: LoadedModel) {
    guard let predictor = (loaded.model as? Decoder)?.predictor else { return nil }
    self.predictor = predictor
    backend = loaded.backend
    state = SequenceState(caches: predictor.makeCaches())
    vocabulary = DraftVocabulary(
      loaded, bytes: predictor.bytes + loaded.model.facts.work.headBytes)
    guard state.keepsEveryPosition else { return nil }
  }

  /// Chooses the part of the vocabulary that the next proposals are from.
  mutating func chooseVocabulary(_ situation: DraftVocabulary.Situation) {
    secondsPerProposal = vocabulary.choose(situation, seconds: secondsPerProposal)
  }

  /// The position of the next hidden state that is missing.
  private var end: Int { start + confirmed + waitingRows }

  /// Takes hidden states of processed tokens that are part of the answer.
  /// - Parameters:
  ///   - rows: [rows, hidden], of which the first `count` are taken.
  ///   - position: of the first row. Positions that are known already are skipped.
  mutating func note(_ rows: Tensor, count: Int, at position: Int) {
    if position > end {
      state.truncate(to: 0)
      (start, confirmed, waiting, waitingRows) = (position, 0, [], 0)
    }
    let known = end - position
    guard count > known else { return }
    waiting.append(backend.rows(rows, Array(known..<count)))
    waitingRows += count - known
    guard waitingRows > Self.mostRows, waiting.count > 1 else { return }
    // Proposals have not paid for long.
    waitingRows -= waiting.removeFirst().rows
    state.truncate(to: 0)
    (start, confirmed) = (position + count - waitingRows, 0)
  }

  /// The number of the latest tokens that the next proposals need.
  var missing: Int { waitingRows }

  /// Proposes the next tokens.
  /// - Parameters:
  ///   - tokens: the latest of prompt and answer, at least `missing`.
  ///   - length: the number of all tokens. The hidden states of all but the last must have been taken.
  ///   - draw: see `DraftReader`.
  /// - Returns: the tokens, and the seconds that they took. Rows that had waited for long are not counted: those of the
  ///   prompt's end are processed once.
  mutating func propose(
    _ count: Int, after tokens: [Int32], of length: Int, vocabulary: Int,
    draw: ([Int32]) -> SamplingParameters?
  ) throws -> (tokens: [Int32], seconds: Double) {
    guard end == length - 1, tokens.count >= missing, var hidden = together() else { return ([], 0) }
    state.truncate(to: confirmed)
    if waitingRows > PassCosts.mostRows { hidden = try catchUp(hidden, Array(tokens.suffix(waitingRows))) }
    let begin = ContinuousClock.now
    var proposals: [Int32] = []
    // Each hidden state is processed with the token after its own.
    var input = Array(tokens.suffix(waitingRows))
    while proposals.count < count, let parameters = draw(proposals) {
      var pass = ForwardInput(tokens: input, sequence: state)
      pass.vocabularyLimit = self.vocabulary.limit
      let output = try predictor.forward(pass, hidden: hidden)
      if proposals.isEmpty {
        confirmed += waitingRows
        (waiting, waitingRows) = ([], 0)
      }
      let ids = backend.ids(backend.sample(output.logits, [parameters]))
      guard let id = ids.first, id >= 0, Int(id) < vocabulary else { break }
      proposals.append(id)
      (input, hidden) = ([id], output.hidden)
    }
    let seconds = (ContinuousClock.now - begin).seconds
    guard !proposals.isEmpty else { return ([], seconds) }
    let each = seconds / Double(proposals.count)
    secondsPerProposal = secondsPerProposal.map { $0 + (each - $0) / 4 } ?? each
    return (proposals, seconds)
  }

  /// Processes all rows but the last one.
  /// - Parameter tokens: as many as rows.
  /// - Returns: the last row.
  private mutating func catchUp(_ hidden: Tensor, _ tokens: [Int32]) throws -> Tensor {
    let count = hidden.rows - 1
    let input = ForwardInput(tokens: Array(tokens.prefix(count)), sequence: state)
    _ = try predictor.forward(input, hidden: backend.rows(hidden, Array(0..<count)))
    let last = backend.rows(hidden, [count])
    (confirmed, waiting, waitingRows) = (confirmed + count, [last], 1)
    return last
  }

  /// The waiting rows as one matrix.
  private func together() -> Tensor? {
    guard waiting.count > 1, let columns = waiting.first?.columns else { return waiting.first }
    return backend.tensor(waiting.flatMap(backend.values), columns: columns)
  }
}
