import Engine
import Foundation
import Testing

struct CacheDirectoryTests {
    private let place: TemporaryDirectory
    private let path: String
    private let names = (1...3).map { PrefixHash(low: UInt64($0), high: 9) }

    init() throws {
        place = try TemporaryDirectory()
        path = place.path(of: "cache")
    }

    private func write(_ name: PrefixHash, _ bytes: [UInt8], in directory: CacheDirectory) throws {
        try bytes.withUnsafeBytes { try directory.write(name, $0) }
    }

    private func read(_ name: PrefixHash, _ count: Int, in directory: CacheDirectory) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try directory.read(name, into: $0) }
        return bytes
    }

    @Test func `makes the directory for its user alone, and gives back what was written`() throws {
        let directory = try CacheDirectory(path: path)
        #expect(!directory.isOpenToOthers)
        try write(names[0], [1, 2, 3], in: directory)
        #expect(try read(names[0], 3, in: directory) == [1, 2, 3])
        try write(names[0], [4, 5], in: directory)
        #expect(try read(names[0], 2, in: directory) == [4, 5])
        let mode = try FileManager.default.attributesOfItem(atPath: "\(path)/\(names[0]).kv")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        directory.remove(names[0])
        #expect(throws: BlockFileError.missing) { try read(names[0], 2, in: directory) }
    }

    @Test func `reads no file that is shorter or longer, and no directory`() throws {
        let directory = try CacheDirectory(path: path)
        try write(names[0], [1, 2, 3], in: directory)
        for count in [2, 4] {
            #expect(throws: BlockFileError.wrongLength) { try read(names[0], count, in: directory) }
        }
        try FileManager.default.createDirectory(atPath: "\(path)/\(names[1]).kv", withIntermediateDirectories: false)
        #expect(throws: BlockFileError.self) { try read(names[1], 3, in: directory) }
        #expect(try directory.files().map(\.name) == [names[0]])
    }

    @Test func `lists files by their last use, and removes those half written`() throws {
        let directory = try CacheDirectory(path: path)
        for name in names { try write(name, [1], in: directory) }
        directory.touch(names[0])
        let stranger = "\(path)/notes.tmp", half = "\(path)/\(names[0]).kv.tmp"
        for file in [stranger, half] { _ = FileManager.default.createFile(atPath: file, contents: Data([1])) }
        #expect(try directory.files().map(\.name) == [names[1], names[2], names[0]])
        #expect(!FileManager.default.fileExists(atPath: half) && FileManager.default.fileExists(atPath: stranger))
    }

    @Test func `belongs to one at a time`() throws {
        var first: CacheDirectory? = try CacheDirectory(path: path)
        let key = try first?.key()
        #expect(throws: CacheDirectoryError.inUse(path: path)) { try CacheDirectory(path: path) }
        first = nil
        let second = try CacheDirectory(path: path)
        #expect(try second.key() == key, "names must outlive the process")
    }

    @Test func `draws another key for a damaged one`() throws {
        let directory = try CacheDirectory(path: path)
        let key = try directory.key()
        try Data([1, 2]).write(to: URL(fileURLWithPath: "\(path)/key"))
        let other = try directory.key()
        #expect(other != key)
        #expect(try directory.key() == other)
    }

    @Test func `says which directory cannot be used`() throws {
        let file = place.path(of: "file")
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        for path in [file, place.path(of: "not/there")] {
            let error = #expect(throws: CacheDirectoryError.self) { try CacheDirectory(path: path) }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test func `a directory that vanishes is an error at each file`() throws {
        let directory = try CacheDirectory(path: path)
        try write(names[0], [1], in: directory)
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: BlockFileError.self) { try write(names[1], [1], in: directory) }
        #expect(throws: BlockFileError.missing) { try read(names[0], 1, in: directory) }
    }
}
