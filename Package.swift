// swift-tools-version: 6.1
import PackageDescription

/// Library targets are optimised in debug builds too: a plain `swift run cnnopt` has to execute networks.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: optimized)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: fixtures)
}

let package = Package(
    name: "cnnopt",
    products: [],
    dependencies: [],
    targets: [
        .systemLibrary(
            name: "CProtobufC",
            pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"]), .brew(["protobuf-c"])]
        ),
        .target(name: "COnnxSchema", dependencies: ["CProtobufC"]),

        library("Tensors"),
        library("GraphIR", ["Tensors"]),
        library("Operators", ["GraphIR"]),
        library("Execution", ["Operators"]),
        library("ONNXFormat", ["COnnxSchema", "GraphIR", "Tensors"]),
        library("Datasets", ["Tensors", "CTurboJPEG", "CPNGReader"]),
        library("Passes", ["Execution", "Datasets"]),
        .systemLibrary(
            name: "CTurboJPEG",
            pkgConfig: "libturbojpeg",
            providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]
        ),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .target(name: "CPNGReader", dependencies: ["CPNG"]),

        .target(
            name: "TestSupport", dependencies: ["Tensors", "GraphIR", "Operators", "Execution"],
            path: "Tests/TestSupport"),
        tests("COnnxSchemaTests", ["COnnxSchema"]),
        tests("TensorsTests", ["Tensors"]),
        tests("GraphIRTests", ["GraphIR"]),
        tests("OperatorsTests", ["Operators", "Execution"]),
        tests("PassesTests", ["Passes"]),
        tests("ONNXFormatTests", ["ONNXFormat", "GraphIR"]),
        tests("DatasetsTests", ["Datasets", "Tensors"], fixtures: ["Fixtures"]),
    ],
    swiftLanguageModes: [.v6]
)
