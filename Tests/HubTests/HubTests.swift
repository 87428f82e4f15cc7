import Basics
import Hub
import TestSupport
import Testing

@Suite struct HubNameTests {
  @Test(arguments: [
    ("a/b", HubName.repository("a/b", revision: "main", tag: nil, file: nil)),
    ("a/b-GGUF:Q4_K_M", .repository("a/b-GGUF", revision: "main", tag: "Q4_K_M", file: nil)),
    ("hf.co/a/b:Q8_0", .repository("a/b", revision: "main", tag: "Q8_0", file: nil)),
    ("https://huggingface.co/a/b", .repository("a/b", revision: "main", tag: nil, file: nil)),
    (
      "https://huggingface.co/a/b/blob/v1/x/y.gguf",
      .repository("a/b", revision: "v1", tag: nil, file: "x/y.gguf")
    ),
    ("https://host/x.gguf?download=1", .address("https://host/x.gguf?download=1")),
  ])
  func names(text: String, expected: HubName) throws { #expect(try HubName(text) == expected) }

  @Test(arguments: [
    "", "a", "a/b/c", "../b", "a/..", "a b/c", "a/b:", "/a", "https://host/x.bin", "https://host", "ä/b",
  ])
  func otherTextsAreErrors(text: String) { #expect(throws: HubError.self) { try HubName(text) } }
}

@Suite struct FileSelectionTests {
  private func select(_ files: [(String, Int)], tag: String? = nil, memory: Int = 1000) throws -> [String] {
    let siblings = files.map { ["rfilename": .string($0.0), "size": .integer($0.1)] as JSON }
    let json: JSON = ["sha": "abc", "siblings": .array(siblings)]
    let listing = try HubListing(json, repository: "o/r", revision: "main", endpoint: "https://h")
    #expect(listing.files.allSatisfy { $0.url.hasPrefix("https://h/o/r/resolve/abc/") })
    return try FileSelection(listing, tag: tag, file: nil, memory: memory).files.map(\.name)
  }

  @Test(arguments: ["IQ2_XXS", "IQ4_XS", "Q3_K_M", "TQ2_0", "NVFP4", "UD-Q2_K_XL"])
  func everyTypeWithKernelsIsProposed(type: String) throws {
    #expect(try select([("m-BF16.gguf", 900), ("m-\(type).gguf", 100)]) == ["m-\(type).gguf"])
  }

  @Test func aFolderNeedsItsConfigurationAndTokenizer() throws {
    let files = [
      ("README.md", 1), ("config.json", 1), ("tokenizer.json", 1), ("model.safetensors", 9),
      ("consolidated.safetensors", 9),
      ("pytorch_model.bin", 9), ("onnx/model.onnx", 9), ("other.safetensors", 1), ("../x.safetensors", 1),
    ]
    #expect(try select(files) == ["config.json", "tokenizer.json", "model.safetensors"])
  }

  private static let quantised = [
    ("M-Q4_K_M.gguf", 400), ("M-Q8_0.gguf", 800), ("M-F16.gguf", 990), ("M-IQ2_XXS.gguf", 200),
    ("mmproj-M-F16.gguf", 1),
    ("M-Q6_K-00001-of-00002.gguf", 300), ("M-Q6_K-00002-of-00002.gguf", 300),
  ]

  @Test func impossibleSizesDoNotOverflow() throws {
    let files = [
      ("M-Q8_0-00001-of-00002.gguf", Int.max), ("M-Q8_0-00002-of-00002.gguf", Int.max), ("M-Q4_K_M.gguf", 5),
    ]
    #expect(try select(files, memory: .max) == ["M-Q8_0-00001-of-00002.gguf", "M-Q8_0-00002-of-00002.gguf"])
    #expect(try select(files) == ["M-Q4_K_M.gguf"])
  }

  @Test func theLargestQuantisedModelThatFitsIsProposed() throws {
    #expect(try select(Self.quantised) == ["M-Q8_0.gguf"])
    #expect(
      try select(Self.quantised, memory: 700) == ["M-Q6_K-00001-of-00002.gguf", "M-Q6_K-00002-of-00002.gguf"])
    #expect(try select(Self.quantised, memory: 10) == ["M-IQ2_XXS.gguf"])
    #expect(try select(Self.quantised, tag: "f16") == ["M-F16.gguf"])
    #expect(throws: HubError.self) { try select(Self.quantised, tag: "K_M") }
    #expect(throws: HubError.self) { try select([("README.md", 1)]) }
  }
}

@Suite struct SuggestedModelTests {
  @Test func everyNameIsValidAndTheListIsSorted() throws {
    for model in SuggestedModel.all { _ = try HubName(model.name) }
    #expect(SuggestedModel.all.map(\.bytes) == SuggestedModel.all.map(\.bytes).sorted())
  }

  @Test(arguments: [
    // Memory and free disk in GB; the largest and the proposed model.
    (24, 100, "gpt-oss 20B", "Qwen3 4B"), (16, 100, "Qwen3 8B", "Qwen3 4B"),
    (8, 100, "Qwen3 4B", "Qwen3 1.7B"),
    (64, 2, "Qwen3 1.7B", "Qwen3 1.7B"), (1, 100, "SmolLM2 135M", "LFM2 350M"),
    (128, 200, "gpt-oss 120B", "Qwen3 30B A3B"),
  ])
  func whatTheMachineCanRun(_ memory: Int, _ disk: Int, _ largest: String, _ proposed: String) {
    let (models, position) = SuggestedModel.fitting(
      memory: memory * 1_000_000_000, disk: disk * 1_000_000_000)
    #expect(models.last?.title == largest)
    #expect(models[position].title == proposed)
  }

  @Test func aMachineWithoutSpaceGetsNone() {
    #expect(SuggestedModel.fitting(memory: 1 << 34, disk: 1000).models.isEmpty)
  }

  @Test func theFreeSpaceOfAFolderThatDoesNotExistYet() throws {
    let folder = try TemporaryFolder()
    #expect(SuggestedModel.freeBytes(at: folder.path + "/a/b") > 0)
  }
}

@Suite struct HubRetryTests {
  /// The decision for a status or a failure at the third try.
  private func decision(_ status: Int, _ retryAfter: String? = nil, failure: String? = nil, tries: Int = 3)
    -> HubRetry
  {
    HubRetry.decision(
      status: status, retryAfter: retryAfter, failure: failure, tries: tries, what: "f", host: "h",
      hasToken: false)
  }

  @Test func busyHostsAndLostConnectionsAreTriedAgain() {
    #expect(decision(429, "7") == .after(7))
    #expect(decision(503) == .after(2))
    #expect(decision(0, failure: "lost") == .after(2))
    #expect(decision(429, "-1") == .after(2))
    #expect(decision(429, "Fri, 31 Dec 1999 23:59:59 GMT") == .after(2))
    for (status, retryAfter, failure, tries) in [
      (429, "9000", nil, 1), (503, nil, nil, HubRetry.maxTries), (0, nil, "lost", HubRetry.maxTries),
      (404, nil, nil, 1),
      (401, nil, nil, 1),
    ] as [(Int, String?, String?, Int)] {
      guard case .giveUp = decision(status, retryAfter, failure: failure, tries: tries) else {
        Issue.record("\(status) is tried again")
        continue
      }
    }
  }
}

@Suite struct HubDigestTests {
  /// The sums of the coreutils and of `git hash-object`.
  @Test func knownAnswers() throws {
    let folder = try TemporaryFolder()
    let abc = try folder.write("abc", "abc")
    #expect(
      try HubDigest.sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD").matches(abc))
    #expect(try HubDigest.gitBlob("f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f").matches(abc))
    let empty = try folder.write("empty", "")
    #expect(try HubDigest.gitBlob("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391").matches(empty))
    // 1,000,000 times "a", of FIPS 180-4's examples.
    let million = try folder.write("million", [UInt8](repeating: 97, count: 1_000_000))
    #expect(
      try HubDigest.sha256("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0").matches(
        million))
    #expect(try !HubDigest.sha256("00").matches(million))
  }
}

@Suite struct PartialFileTests {
  @Test func theStateSurvivesTheProcess() throws {
    let folder = try TemporaryFolder()
    let bytes = PartialFile.partBytes + 100
    let data = [UInt8](repeating: 7, count: 60)
    func open(_ bytes: Int) throws -> PartialFile {
      try PartialFile(folder: folder.path, name: "x", bytes: bytes)
    }
    var file = try open(bytes)
    #expect(file.missing == [0, 1])
    #expect(try data.withUnsafeBytes { try file.append($0, to: 1) })
    // More than a part has is refused.
    #expect(try !data.withUnsafeBytes { try file.append($0, to: 1) })
    file = try open(bytes)
    #expect(file.doneBytes == 60)
    #expect(file.remainder(1) == PartialFile.partBytes + 60..<bytes)
    // Another size is another file.
    #expect(try open(bytes + 1).doneBytes == 0)
    // A damaged state is no state.
    try folder.write("x.done", [UInt8](repeating: 255, count: 24))
    #expect(try open(bytes + 1).doneBytes == 0)
  }
}
