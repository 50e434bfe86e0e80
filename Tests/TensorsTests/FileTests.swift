import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct FileTests {
    @Test func aCommittedFileHoldsWhatWasWritten() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("out").path
            try write([1, 2, 3], [4], to: path)
            #expect(try contents(path) == [1, 2, 3, 4])
            try write([5], to: path)
            #expect(try contents(path) == [5])
            #expect(try names(folder) == ["out"])
        }
    }

    @Test func withoutACommitTheOldFileStays() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("out").path
            try write([1], to: path)
            do {
                var file = try AtomicFile(path)
                try file.write([9, 9])
                #expect(try names(folder).count == 2)
            }
            #expect(try contents(path) == [1])
            #expect(try names(folder) == ["out"])
        }
    }

    /// In a process of its own: other tests have temporary files open at the same time.
    @Test func aSignalHandlerCanRemoveAllTemporaries() async throws {
        await #expect(processExitsWith: .exitCode(130)) {
            try withTemporaryFolder { folder in
                signal(SIGINT) { _ in
                    AtomicFile.removeAllTemporaries()
                    _exit(130)
                }
                let path = folder.appendingPathComponent("out").path
                var first = try AtomicFile(path)
                var second = try AtomicFile(path + "2")
                try first.write([1])
                try second.write([1])
                let open = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                AtomicFile.removeAllTemporaries()
                let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                guard open.count == 2, left.isEmpty else { exit(1) }
                kill(getpid(), SIGINT)
                sleep(10)
            }
        }
    }

    @Test func permissionsOfTheOldFileAreKept() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("out").path
            try write([1], to: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            try write([2], to: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
        }
    }

    @Test func aLinkIsFollowed() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("out").path
            let link = folder.appendingPathComponent("link").path
            try write([1], to: path)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            try write([2], to: link)
            #expect(try contents(path) == [2])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
        }
    }

    @Test(arguments: ["", "folder", "folder/", "none/out", "/dev/null", "file/out"])
    func whatCannotBeCreatedIsNamed(_ name: String) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("folder"),
                withIntermediateDirectories: false
            )
            try write([1], to: folder.appendingPathComponent("file").path)
            let path = name.isEmpty || name.hasPrefix("/") ? name : folder.path + "/" + name
            let error = #expect(throws: CNNOptError.self) { try write([1], to: path) }
            #expect(error?.code == .cannotCreateOutput)
            #expect(error?.location.file == path)
            #expect(try names(folder) == ["file", "folder"])
        }
    }

    @Test func mappedFilesGiveTheirBytes() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("in").path
            try write([], to: path)
            #expect(try MappedFile(path).byteCount == 0)
            try write([1, 2, 3], to: path)
            let file = try MappedFile(path)
            // The mapping outlives the name.
            try FileManager.default.removeItem(atPath: path)
            #expect(try file.withBytes { (bytes) throws(CNNOptError) in Array(bytes) } == [1, 2, 3])
            // Pages that were given back come again, also where a part of the file gave them back.
            file.releasePages()
            file.storage.slice(offset: 1, byteCount: 1)?.releasePages()
            #expect(try file.withBytes { (bytes) throws(CNNOptError) in Array(bytes) } == [1, 2, 3])
            let own = try TensorData([4, 5] as [Float])
            own.storage?.releasePages()
            #expect(try own.array(of: Float.self) == [4, 5])
        }
    }

    @Test(arguments: ["none", ".", "pipe"])
    func whatCannotBeMappedIsMissingInput(_ name: String) throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent(name).path
            if name == "pipe" { #expect(mkfifo(path, 0o600) == 0) }
            let error = #expect(throws: CNNOptError.self) { try MappedFile(path) }
            #expect(error?.code == .missingInput)
        }
    }

    private func write(_ parts: [UInt8]..., to path: String) throws(CNNOptError) {
        var file = try AtomicFile(path)
        for part in parts { try file.write(part) }
        try file.commit()
    }

    private func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }
}
