// swift-tools-version: 6.1
import PackageDescription

/// Library targets are optimised in debug builds too: a plain `swift run cnnopt` has to execute networks.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

func library(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    linking libraries: [LinkerSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: optimized, linkerSettings: libraries)
}

let lapack: [LinkerSetting] = [
    .linkedLibrary("openblas", .when(platforms: [.linux])),
    .linkedFramework("Accelerate", .when(platforms: [.macOS])),
]

func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: fixtures)
}

let package = Package(
    name: "cnnopt",
    products: [
        .library(name: "CNNOpt", targets: ["CNNOpt"]),
        .executable(name: "cnnopt", targets: ["CommandLineTool"]),
        .executable(name: "cnnopt-fuzz", targets: ["FuzzTool"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CProtobufC",
            pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"]), .brew(["protobuf-c"])]
        ),
        .target(name: "COnnxSchema", dependencies: ["CProtobufC"]),

        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"], .when(configuration: .debug))]),
        library("Tensors"),
        library("GraphIR", ["Tensors"]),
        library("Operators", ["GraphIR"]),
        .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
        library("Execution", ["Operators", "COneDNN", "CKernels"]),
        library("ONNXFormat", ["COnnxSchema", "GraphIR", "Tensors"]),
        library("EntropyCoding", ["Tensors"]),
        .target(name: "CCompactSchema", dependencies: ["CProtobufC"]),
        library("CompactFormat", ["EntropyCoding", "ONNXFormat", "GraphIR", "CCompactSchema", "CZlib", "Tensors"]),
        library("Datasets", ["Tensors", "CTurboJPEG", "CPNGReader", "CZlib"]),
        library("Passes", ["Execution", "Datasets", "CLapack"], linking: lapack),
        .systemLibrary(name: "CLapack", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(
            name: "CTurboJPEG",
            pkgConfig: "libturbojpeg",
            providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]
        ),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CPNGReader", dependencies: ["CPNG"]),
        library("Reports"),
        library(
            "CNNOpt",
            ["Passes", "ONNXFormat", "CompactFormat", "Execution", "Datasets", "Operators", "GraphIR", "Tensors"]
        ),
        .target(name: "CStart"),
        .executableTarget(
            name: "CommandLineTool",
            dependencies: [
                "CStart",
                "CNNOpt", "Reports", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),

        library("Fuzzing", ["Passes", "ONNXFormat", "CompactFormat", "Datasets", "CTurboJPEG"]),
        .executableTarget(
            name: "FuzzTool",
            dependencies: ["Fuzzing", .product(name: "ArgumentParser", package: "swift-argument-parser")]
        ),

        .target(
            name: "TestSupport",
            dependencies: ["Tensors", "GraphIR", "Operators", "Execution", "ONNXFormat"],
            path: "Tests/TestSupport"
        ),
        tests("COnnxSchemaTests", ["COnnxSchema"]),
        .testTarget(name: "COneDNNTests", dependencies: ["COneDNN"]),
        tests("CKernelsTests", ["CKernels", "Tensors"]),
        tests("TensorsTests", ["Tensors"]),
        tests("GraphIRTests", ["GraphIR"]),
        tests("OperatorsTests", ["Operators", "Execution", "ONNXFormat"]),
        tests("ExecutionTests", ["Execution", "ONNXFormat"]),
        tests("PassesTests", ["Passes", "ONNXFormat", "Datasets"]),
        tests("ONNXFormatTests", ["ONNXFormat", "GraphIR", "COnnxSchema"]),
        tests("EntropyCodingTests", ["EntropyCoding", "Tensors"]),
        tests("CompactFormatTests", ["CompactFormat", "ONNXFormat", "EntropyCoding", "Tensors"]),
        tests("ReportsTests", ["Reports"]),
        tests("FuzzingTests", ["Fuzzing"]),
        tests("CNNOptTests", ["CNNOpt"]),
        tests(
            "CommandLineTests",
            ["CommandLineTool", "ONNXFormat", "GraphIR", "Tensors", "Datasets"],
            fixtures: ["Snapshots"]
        ),
        tests("DatasetsTests", ["Datasets", "Tensors", "ONNXFormat", "GraphIR"], fixtures: ["Fixtures"]),
    ],
    swiftLanguageModes: [.v6]
)
