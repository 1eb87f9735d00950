// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors where the project checks itself, never for somebody who builds with a newer compiler.
let isStrict = Context.environment["THROUGHLINE_STRICT"] != nil
let swiftSettings: [SwiftSetting] = isStrict ? [.treatAllWarnings(as: .error)] : []

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

let package = Package(
  name: "throughline",
  products: [
    .executable(name: "throughline", targets: ["throughline"]),
    .library(name: "Throughline", targets: ["Pipeline"]),
    .library(name: "ThroughlineTestKit", targets: ["ThroughlineTestKit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CGStreamer",
      pkgConfig: "gstreamer-1.0",
      providers: [
        .apt(["libgstreamer1.0-dev", "libgstreamer-plugins-base1.0-dev", "libgstrtspserver-1.0-dev"])
      ]),
    .systemLibrary(name: "CAllocator"),
    .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CYUV", providers: [.apt(["libyuv-dev"])]),
    .target(name: "CKernels"),
    .target(name: "COpenVINO"),

    module("ThroughlineCore"),
    module("Configuration", ["ThroughlineCore", .product(name: "Yams", package: "Yams")]),
    module("Imaging", ["ThroughlineCore", "CKernels", "CTurboJPEG", "CYUV"]),
    module("Privacy", ["ThroughlineCore", "Imaging"]),
    module("Media", ["ThroughlineCore", "Imaging", "Privacy", "CGStreamer"]),
    module("Inference", ["ThroughlineCore", "COpenVINO"]),
    module(
      "Models",
      [
        "ThroughlineCore", "Inference", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Yams", package: "Yams"),
      ],
      resources: [.embedInCode("Resources")]),
    module("Detection", ["ThroughlineCore", "Imaging", "Inference", "Models"]),
    module("Tracking", ["ThroughlineCore"]),
    module("Reidentification", ["ThroughlineCore", "Imaging", "Inference", "Models"]),
    module("Gallery", ["ThroughlineCore"]),
    module("Association", ["ThroughlineCore", "Gallery"]),
    module(
      "Store",
      [
        "ThroughlineCore", "Gallery", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    module("Evaluation", ["ThroughlineCore", "Tracking", "Gallery", "Association"]),
    module(
      "Pipeline",
      [
        "ThroughlineCore", "Configuration", "Imaging", "Media", "Inference", "Models", "Detection",
        "Tracking",
        "Reidentification", "Gallery", "Association", "Store", "Privacy", "CAllocator", "CKernels",
        .product(name: "Logging", package: "swift-log"),
      ]),
    module("ThroughlineTestKit", ["ThroughlineCore"]),
    .executableTarget(
      name: "throughline",
      dependencies: [
        "CAllocator", "Pipeline", "Evaluation", "Association", "Configuration", "Detection", "Gallery",
        "Imaging",
        "Inference", "Media", "Models", "Privacy", "Reidentification", "Store", "ThroughlineCore",
        "Tracking",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),

    // A program that writes a gallery until it is killed, for the tests that do so.
    .executableTarget(
      name: "StoreCrashHelper", dependencies: ["Store", "Gallery", "ThroughlineCore"],
      path: "Tests/StoreCrashHelper",
      swiftSettings: swiftSettings),

    tests("HouseTests", ["ThroughlineTestKit"]),
    tests("ThroughlineCoreTests", ["ThroughlineCore"]),
    tests("ConfigurationTests", ["Configuration"]),
    tests("CKernelsTests", ["CKernels", "Imaging", "ThroughlineCore"]),
    tests("ImagingTests", ["Imaging"]),
    tests(
      "MediaTests", ["CGStreamer", "Media", "Imaging", "Privacy", "ThroughlineCore", "ThroughlineTestKit"]),
    tests("InferenceTests", ["Inference"]),
    tests("ModelsTests", ["Models", "ThroughlineCore"]),
    tests(
      "DetectionTests",
      ["Detection", "Models", "Imaging", "Inference", "ThroughlineCore", "ThroughlineTestKit"]),
    tests("TrackingTests", ["Tracking"]),
    tests("ReidentificationTests", ["Reidentification", "Imaging", "Inference"]),
    tests("GalleryTests", ["Gallery"]),
    tests("AssociationTests", ["Association"]),
    tests(
      "StoreTests",
      [
        "Store", "StoreCrashHelper", "Gallery", "ThroughlineCore", "ThroughlineTestKit",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    tests("PrivacyTests", ["Privacy", "Imaging"]),
    tests("EvaluationTests", ["Evaluation", "ThroughlineTestKit"]),
    tests(
      "PipelineTests",
      [
        "Pipeline", "Configuration", "Gallery", "Store", "Association", "Imaging", "Privacy",
        "ThroughlineTestKit",
      ]),
    tests(
      "EndToEndTests",
      [
        "ThroughlineTestKit", "Evaluation", "Imaging", "Media", "Models", "Pipeline", "Gallery", "Store",
        "throughline",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)

// Under a sanitizer only the concurrent and the C parts are built, without the packages that they do not need.
if Context.environment["THROUGHLINE_SANITIZE"] != nil {
  let parts: Set<String> = [
    "CGStreamer", "CTurboJPEG", "CYUV", "CKernels", "COpenVINO", "ThroughlineCore", "Imaging", "Privacy",
    "Media",
    "Inference", "ThroughlineTestKit", "CKernelsTests", "ImagingTests", "PrivacyTests", "MediaTests",
    "InferenceTests",
  ]
  package.targets.removeAll { !parts.contains($0.name) }
  package.dependencies = []
  package.products = []
}
