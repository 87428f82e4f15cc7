// swift-tools-version: 6.2
import PackageDescription

// Each target is a floor and imports only floors below it; the ground is at the bottom.
// Everything is built in release mode (`make build`, `make test`): the kernels are useless without optimisation.
let package = Package(
  name: "sotto",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "sotto", targets: ["sotto"]),
    .executable(name: "tokenizer-benchmark", targets: ["TokenizerBenchmark"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .executableTarget(
      name: "sotto",
      dependencies: [
        "TerminalInterface", "Conversation", "Generation", "Models", "Tokenization", "Checkpoints",
        "Compute", "CKernels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    .target(
      name: "TerminalInterface",
      dependencies: [
        "Conversation", "CNcurses", .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    .target(
      name: "Conversation",
      dependencies: [
        "Tokenization", "Checkpoints", .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    .target(name: "Generation", dependencies: ["Models", "Tokenization", "Checkpoints", "Compute"]),
    .target(name: "Models", dependencies: ["Checkpoints", "Compute"]),
    .target(name: "Tokenization", dependencies: ["Checkpoints"]),
    .target(name: "Checkpoints", dependencies: ["Compute"]),
    .target(name: "Compute", dependencies: ["CKernels"]),
    .target(name: "CKernels"),
    .target(
      name: "CNcurses",
      linkerSettings: [
        .linkedLibrary("ncursesw", .when(platforms: [.linux])),
        .linkedLibrary("tinfo", .when(platforms: [.linux])),
        .linkedLibrary("ncurses", .when(platforms: [.macOS])),
      ]),
    .executableTarget(
      name: "TokenizerBenchmark", dependencies: ["Tokenization"], path: "Benchmarks/tokenizer",
      exclude: ["compare.py", "texts.py"]),

    .testTarget(
      name: "sottoTests", dependencies: ["sotto", "TerminalInterface", "Conversation", "Checkpoints"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "TerminalInterfaceTests", dependencies: ["TerminalInterface"],
      exclude: ["Fixtures", "Snapshots"]),
    .testTarget(
      name: "ConversationTests",
      dependencies: ["Conversation", "Checkpoints", .product(name: "GRDB", package: "GRDB.swift")],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "GenerationTests",
      dependencies: ["Generation", "Models", "Checkpoints", "Compute", "Tokenization"]),
    .testTarget(name: "ModelsTests", dependencies: ["Models"], exclude: ["Fixtures"]),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Tokenization", "Checkpoints"], exclude: ["Fixtures"]),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "Compute"], exclude: ["Fixtures"]),
    .testTarget(
      name: "ComputeTests", dependencies: ["Compute", "CKernels"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
