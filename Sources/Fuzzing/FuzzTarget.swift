import Tensors

/// A part of cnnopt that takes bytes from outside: what a mutated file is fed to.
package protocol FuzzTarget: Sendable {
    /// The name on the command line.
    static var name: String { get }

    /// How names of files end that may serve as sound inputs; nil where files are of no use.
    static var fileEnding: String? { get }

    /// Sound inputs, from which mutations start. They depend on nothing outside.
    static func seeds() throws(CNNOptError) -> [[UInt8]]

    /// How this kind of bytes is changed.
    static func mutated(_ seed: FuzzSeed, _ random: inout SeededGenerator) -> [UInt8]

    /// Takes the bytes as cnnopt would. Any error but an internal fault is a right answer.
    /// - Parameter folder: a folder of this run's own, for files.
    static func run(_ bytes: [UInt8], folder: String) throws(CNNOptError)
}

extension FuzzTarget {
    package static var fileEnding: String? { nil }

    package static func mutated(_ seed: FuzzSeed, _ random: inout SeededGenerator) -> [UInt8] {
        ByteMutation.apply(to: seed.bytes, &random)
    }
}

/// A sound input, and the fields that it has where it is protobuf.
package struct FuzzSeed: Sendable {
    package let bytes: [UInt8]
    let message: WireMessage?

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        message = WireMessage(bytes[...], depth: 0)
    }
}

extension FuzzTarget {
    /// Writes the bytes as a file of the run's folder and gives its path.
    static func file(_ name: String, _ bytes: [UInt8], in folder: String) throws(CNNOptError) -> String {
        let path = "\(folder)/\(name)"
        var file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
        return path
    }
}

/// The targets that `cnnopt-fuzz` knows.
package enum FuzzTargets {
    package static let all: [any FuzzTarget.Type] = [
        ModelFuzzing.self, ExternalDataFuzzing.self, CompactFuzzing.self, ArrayFuzzing.self, JPEGFuzzing.self,
    ]
}
