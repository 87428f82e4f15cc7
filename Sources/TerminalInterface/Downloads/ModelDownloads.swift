/// The downloads of models, as the chat needs them. One runs at a time.
public protocol ModelDownloads: Sendable {
  /// Models for users who have none, in ascending size, without those that are too large for this machine.
  var suggestions: [DownloadChoice] { get }

  /// Downloads a model by name. Returns at once; no host is contacted before this call.
  ///
  /// The stream always ends with `.choices`, `.finished`, `.stopped` or `.failed`.
  func start(_ name: String) -> AsyncStream<DownloadEvent>

  /// Stops the download within a second. What was downloaded stays for the next one of the same model.
  func stop()
}

/// A model that can be downloaded.
public struct DownloadChoice: Sendable, Equatable {
  /// The argument of `/pull`, such as "owner/repo:Q4_K_M".
  public var name: String
  /// What menus show.
  public var title: String
  /// The size of the files in bytes.
  public var bytes: Int
  /// A few words about it; may be empty.
  public var detail: String

  /// A model that can be downloaded.
  public init(name: String, title: String, bytes: Int, detail: String = "") {
    (self.name, self.title, self.bytes, self.detail) = (name, title, bytes, detail)
  }
}

/// The events of a download.
public enum DownloadEvent: Sendable, Equatable {
  /// The bytes on disk and in all files, 0 before they are known; `note` says what is waited for.
  case progress(done: Int, total: Int, note: String)
  /// The repository has several models, so that nothing was downloaded: the models, and the one that fits this machine
  /// best.
  case choices([DownloadChoice], preferred: Int)
  /// The model is complete: its name for `/model`, its size, and whether it was there before.
  case finished(model: String, bytes: Int, wasThere: Bool)
  /// `stop` ended it.
  case stopped
  /// The reason, in one line.
  case failed(String)
}
