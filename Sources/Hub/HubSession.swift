import Basics
import CNetwork
import Foundation
import Synchronization

/// A flag that ends all transfers that share it.
public final class PullCancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  /// A flag that is not set.
  public init() {}
  /// Ends the transfers within a second.
  public func cancel() { flag.store(true, ordering: .relaxed) }
  /// Whether `cancel` was called.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// Performs GET requests on one thread with the system's libcurl, which is opened at the first request.
///
/// URLSession is libcurl as well, but linking it takes 9 ms of every start of the program for 30 libraries, and needs
/// libcurl's own static library for a program without the Swift runtime. async-http-client brings its own TLS library.
final class HubSession {
  /// The last response's status and headers, with lowercase names.
  struct Response {
    var status = 0
    var headers: [String: String] = [:]
  }

  /// What ended a request.
  enum Outcome: Equatable {
    case complete
    /// The receiver of the body or the cancellation ended it.
    case ended
    /// Another try may succeed.
    case interrupted(String)
    case failed(String)
  }

  private let session: OpaquePointer

  /// - Throws: `HubError` if the system has no libcurl.
  init() throws(HubError) {
    guard let session = sotto_http_open() else {
      throw HubError("downloads need the library libcurl; install it (Debian: apt install libcurl4)")
    }
    self.session = session
  }

  deinit { sotto_http_close(session) }

  /// The state of a request, for the C callbacks.
  private final class Transfer {
    var response = Response()
    let cancellation: PullCancellation
    let body: (Response, UnsafeRawBufferPointer) -> Bool

    init(_ cancellation: PullCancellation, _ body: @escaping (Response, UnsafeRawBufferPointer) -> Bool) {
      self.cancellation = cancellation
      self.body = body
    }

    func header(_ line: String) {
      if line.hasPrefix("HTTP/") {
        // A new response, as after a redirect.
        response = Response()
        response.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      } else if let colon = line.firstIndex(of: ":") {
        response.headers[line[..<colon].lowercased()] =
          line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
    }
  }

  /// Performs a request and follows redirects; the token goes to the host of `url` only.
  /// - Parameter body: receives the parts of the body with the response so far; false ends the request.
  func get(
    _ url: String, token: String?, range: String? = nil, stallSeconds: Int, cancellation: PullCancellation,
    body: (Response, UnsafeRawBufferPointer) -> Bool
  ) -> (outcome: Outcome, response: Response) {
    withoutActuallyEscaping(body) { body in
      let transfer = Transfer(cancellation, body)
      var status = 0
      var message = [CChar](repeating: 0, count: 256)
      let outcome = url.withCString { url in
        Self.withOptional(token.map { "Bearer " + $0 }) { authorization in
          Self.withOptional(range) { range in
            var request = sotto_http_request()
            request.url = url
            request.authorization = authorization
            request.range = range
            request.stall_seconds = stallSeconds
            request.context = Unmanaged.passUnretained(transfer).toOpaque()
            request.header = { context, line, count in
              guard let context, let line else { return }
              let bytes = UnsafeRawBufferPointer(start: line, count: count)
              Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                .header(String(decoding: bytes, as: UTF8.self))
            }
            request.body = { context, bytes, count in
              guard let context else { return false }
              let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
              return transfer.body(transfer.response, UnsafeRawBufferPointer(start: bytes, count: count))
            }
            request.cancelled = { context in
              guard let context else { return true }
              return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().cancellation.isCancelled
            }
            return sotto_http_get(session, &request, &status, &message)
          }
        }
      }
      let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let result: Outcome =
        switch outcome {
        case sotto_http_ok: .complete
        case sotto_http_ended: .ended
        case sotto_http_interrupted: .interrupted(text)
        default: .failed(text)
        }
      return (result, transfer.response)
    }
  }

  private static func withOptional<Result>(
    _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
  ) -> Result {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
  }
}
