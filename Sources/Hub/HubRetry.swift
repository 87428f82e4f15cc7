import Foundation

/// Whether and when to try a request again.
package enum HubRetry: Equatable {
  /// After these seconds.
  case after(Double)
  case giveUp(String)

  /// The tries without progress before a request is given up.
  package static let maxTries = 6

  /// The decision after a request that was not answered with the file.
  /// - Parameters:
  ///   - failure: why the transfer ended; nil if the status tells.
  ///   - tries: the tries so far without any new byte, this one included.
  package static func decision(
    status: Int, retryAfter: String?, failure: String?, tries: Int, limit: Int = maxTries, what: String,
    host: String,
    hasToken: Bool
  ) -> HubRetry {
    let isBusy = status == 429 || status >= 500
    guard failure != nil || isBusy else { return .giveUp(refusal(status, what, host, hasToken: hasToken)) }
    guard tries < limit else {
      let reason = isBusy ? "\(host) answers \(status)" : failure ?? ""
      return .giveUp("\(what): \(reason); run the command again later, it resumes where it stopped")
    }
    let backoff = min(30, 0.5 * pow(2, Double(tries - 1)))
    guard isBusy, let wait = retryAfter.flatMap({ Double($0) }), wait >= 0 else { return .after(backoff) }
    guard wait <= 300 else {
      return .giveUp("\(what): \(host) asks to wait \(Int(min(wait, 1e6))) s; run the command again then")
    }
    return .after(max(wait, 0.1))
  }

  /// The error for a status that another try would not change.
  private static func refusal(_ status: Int, _ what: String, _ host: String, hasToken: Bool) -> String {
    switch status {
    case 401, 403:
      hasToken
        ? "\(what): \(host) refuses the token (\(status)); check HF_TOKEN, and accept the model's licence on its page"
        : "\(what): \(host) asks for a token (\(status)); set HF_TOKEN, or check the name"
    case 404: "\(what): not found at \(host); check the name"
    default: "\(what): \(host) answers \(status)"
    }
  }
}
