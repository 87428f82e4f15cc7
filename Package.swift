// swift-tools-version: 6.2
import PackageDescription

// The targets are in layers: a target imports only targets of lower layers, which are listed after it.
// `make build` and `make test` use release mode, because the kernels are too slow without optimisation.
let package = Package(
  name: "sotto",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "sotto", targets: ["sotto"]),
    .executable(name: "tokenizer-benchmark", targets: ["TokenizerBenchmark"]),
  ],
  // The versions are exact because Package.resolved is not committed, so that a fresh clone uses the tested versions.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
  ],
  targets: [
    .executableTarget(
      name: "sotto",
      dependencies: [
        "TerminalInterface", "LocalEngine", "Conversation", "Generation", "Models", "Templates",
        "Tokenization", "Quantization", "Hub",
        "Checkpoints", "Devices", "Compute", "CKernels", "Basics",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    .target(
      name: "TerminalInterface",
      dependencies: [
        "Conversation", "Basics", "CNcurses", .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    .target(
      name: "LocalEngine",
      dependencies: [
        "Conversation", "Generation", "Models", "Templates", "Tokenization", "Checkpoints", "Devices",
        "Compute", "Basics",
      ]),
    .target(
      name: "Conversation", dependencies: ["Basics", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(
      name: "Generation", dependencies: ["Models", "Tokenization", "Checkpoints", "Compute", "Basics"]),
    .target(
      name: "Quantization",
      dependencies: ["Models", "Tokenization", "Checkpoints", "Compute", "Basics"]),
    .target(name: "Models", dependencies: ["Checkpoints", "Compute", "Basics"]),
    .target(name: "Templates", dependencies: ["Basics"]),
    .target(name: "Tokenization", dependencies: ["Checkpoints", "Basics"]),
    .target(name: "Hub", dependencies: ["CNetwork", "Basics"]),
    .target(name: "Checkpoints", dependencies: ["Basics"]),
    .target(name: "Devices", dependencies: ["ComputeCUDA", "Compute", "Basics"]),
    .target(name: "ComputeCUDA", dependencies: ["CCUDA", "Compute", "CKernels", "Basics"]),
    .target(name: "Compute", dependencies: ["CKernels", "Basics"]),
    .target(name: "CKernels"),
    .target(
      name: "CCUDA", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(name: "CNetwork"),
    .target(name: "Basics"),
    .target(
      name: "CNcurses",
      linkerSettings: [
        .linkedLibrary("ncursesw", .when(platforms: [.linux])),
        .linkedLibrary("tinfo", .when(platforms: [.linux])),
        .linkedLibrary("ncurses", .when(platforms: [.macOS])),
      ]),
    .executableTarget(
      name: "DeviceTests",
      dependencies: ["Generation", "Models", "Checkpoints", "ComputeCUDA", "Compute", "Basics"],
      path: "Tests/Device", exclude: ["run"]),
    .executableTarget(
      name: "TokenizerBenchmark", dependencies: ["Tokenization"], path: "Benchmarks/tokenizer",
      exclude: ["compare.py", "texts.py"]),

    .testTarget(
      name: "sottoTests",
      dependencies: ["TestSupport", "sotto", "TerminalInterface", "Checkpoints", "Basics"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "TerminalInterfaceTests",
      dependencies: ["TestSupport", "TerminalInterface", "Conversation", "Basics"],
      exclude: ["Fixtures", "Snapshots"]),
    .testTarget(
      name: "LocalEngineTests",
      dependencies: [
        "TestSupport", "LocalEngine", "Generation", "Models", "Conversation", "Templates", "Tokenization",
        "Checkpoints", "Basics",
      ]),
    .testTarget(
      name: "ConversationTests",
      dependencies: ["TestSupport", "Conversation", "Basics", .product(name: "GRDB", package: "GRDB.swift")],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "GenerationTests",
      dependencies: [
        "TestSupport", "Generation", "Models", "Tokenization", "Checkpoints", "Compute", "Basics",
      ]),
    .testTarget(
      name: "QuantizationTests",
      dependencies: [
        "TestSupport", "Quantization", "Models", "Tokenization", "Checkpoints", "Compute", "CKernels",
        "Basics",
      ]),
    .testTarget(
      name: "ModelsTests", dependencies: ["TestSupport", "Models", "Checkpoints", "Compute", "Basics"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "TemplatesTests", dependencies: ["TestSupport", "Templates", "Basics"], exclude: ["Fixtures"]),
    .testTarget(
      name: "TokenizationTests", dependencies: ["TestSupport", "Tokenization", "Checkpoints", "Basics"],
      exclude: ["Fixtures"]),
    .testTarget(name: "HubTests", dependencies: ["TestSupport", "Hub", "Basics"]),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["TestSupport", "Checkpoints", "Basics"], exclude: ["Fixtures"]),
    .testTarget(
      name: "ComputeTests", dependencies: ["TestSupport", "Compute", "CKernels", "Basics"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "ComputeCUDATests", dependencies: ["ComputeCUDA", "Compute", "CCUDA", "CKernels", "Basics"]),
    .testTarget(name: "DevicesTests", dependencies: ["Devices", "Compute", "Basics"]),
    .target(name: "TestSupport", dependencies: ["Basics"], path: "Tests/TestSupport"),
    .testTarget(name: "BasicsTests", dependencies: ["TestSupport", "Basics"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
