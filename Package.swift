// swift-tools-version: 6.2
import PackageDescription

// Strict everywhere: warnings fail the build, and each file states which of its imports leak.
let swift: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]
let c: [CSetting] = [.treatAllWarnings(as: .error)]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let database: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "drover",
    products: [
        .executable(name: "drover", targets: ["drover"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: kernels, the default model, what is taken from the system.
        .target(name: "CKernels", cSettings: c, linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread")]),
        .target(name: "CBundledModel", exclude: ["training", "model.gguf"], cSettings: c),
        .target(name: "CAPIDocument", cSettings: c),
        .target(name: "CSandbox", cSettings: c),
        .target(name: "COpenBLAS", cSettings: c, linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "COpenSSL", cSettings: c, linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CSocket", cSettings: c),
        .target(name: "CMalloc", cSettings: c),
        .target(name: "CThread", cSettings: c),
        .target(name: "CZlib", cSettings: c, linkerSettings: [.linkedLibrary("z")]),

        // The bottom row: no knowledge of each other.
        .target(name: "JSON", swiftSettings: swift),
        .target(name: "Telemetry", dependencies: [log], swiftSettings: swift),
        .target(name: "Transport", dependencies: ["CSocket", "COpenSSL", "CThread", heap], swiftSettings: swift),
        .target(name: "OpenAI", dependencies: ["JSON"], swiftSettings: swift),
        .target(name: "Language", dependencies: ["JSON"], swiftSettings: swift),
        .target(name: "Grammar", dependencies: ["JSON", "Language", heap], swiftSettings: swift),
        .target(name: "Model", dependencies: ["CKernels", "COpenBLAS", "JSON"], swiftSettings: swift),
        .target(name: "Curation", dependencies: ["COpenSSL", "JSON", database, yaml], swiftSettings: swift),
        .target(name: "Jobs", dependencies: ["CZlib", database], swiftSettings: swift),

        // The two halves, which never import each other, and the one place where they meet.
        .target(
            name: "HTTP", dependencies: ["CThread", "CZlib", "Transport", "Telemetry", collections, httpTypes],
            swiftSettings: swift),
        .target(name: "Engine", dependencies: ["CThread", "Model", "Telemetry", collections], swiftSettings: swift),
        .target(
            name: "Verifiers", dependencies: ["Grammar", "HTTP", "JSON", "Telemetry", "Transport", httpTypes],
            swiftSettings: swift),
        .target(
            name: "Service",
            dependencies: [
                "CAPIDocument", "HTTP", "OpenAI", "Language", "Grammar", "Engine", "JSON", "Jobs", "Telemetry",
                "Verifiers",
                httpTypes, log,
            ],
            swiftSettings: swift),

        .executableTarget(
            name: "drover",
            dependencies: [
                "CBundledModel", "CMalloc", "CSandbox", "CThread", "Curation", "Engine", "Grammar", "HTTP", "JSON",
                "Jobs", "Language", "Model", "OpenAI", "Service", "Telemetry", "Transport", "Verifiers", argumentParser,
                configuration, histogram, httpTypes, log, signals, system, yaml,
            ],
            swiftSettings: swift),

        // Not for the product: what several suites need.
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: swift),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: swift),
        .testTarget(name: "CurationTests", dependencies: ["Curation", "JSON"], swiftSettings: swift),
        .testTarget(name: "JobsTests", dependencies: ["Jobs", database], swiftSettings: swift),
        .testTarget(name: "TransportTests", dependencies: ["Transport"], swiftSettings: swift),
        .testTarget(
            name: "HTTPTests", dependencies: ["HTTP", "Telemetry", "TestSupport", "Transport", httpTypes],
            swiftSettings: swift),
        .testTarget(name: "OpenAITests", dependencies: ["OpenAI", "JSON"], swiftSettings: swift),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry", log], swiftSettings: swift),
        .testTarget(name: "LanguageTests", dependencies: ["Language", "JSON"], swiftSettings: swift),
        .testTarget(
            name: "GrammarTests", dependencies: ["Grammar", "JSON", "Language", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "ModelTests", dependencies: ["Model", "CKernels", "JSON", "Language", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "VerifiersTests", dependencies: ["Verifiers", "HTTP", "JSON", "Telemetry", "Transport"],
            swiftSettings: swift),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "Model", "Telemetry", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Service", "Engine", "HTTP", "JSON", "Jobs", "Language", "Model", "OpenAI", "Telemetry", "Transport",
                "Verifiers", httpTypes, log,
            ],
            swiftSettings: swift),
    ]
)

// libFuzzer brings the entry point of this program: only `Tests/fuzz` can link it. The kernels are none of its business,
// and take minutes to compile with its probes.
if Context.environment["DROVER_FUZZ"] != nil {
    let plain = CSetting.unsafeFlags(["-O0", "-fno-sanitize=all", "-fno-sanitize-coverage=trace-pc-guard,trace-cmp"])
    for target in package.targets where target.name == "CKernels" { target.cSettings = c + [plain] }
    package.targets.append(
        .executableTarget(
            name: "fuzzing", dependencies: ["HTTP", "JSON", "Language", "Model", httpTypes], path: "Tests/Fuzzing",
            exclude: ["Corpus"], swiftSettings: swift))
}
