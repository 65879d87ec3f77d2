import Foundation
import GRDB
import Jobs
import Testing

struct ResponseArchiveTests {
    private func response(
        _ id: String, owner: String = "o", after previous: String? = nil, createdAt: Int64 = 0, bytes: Int = 0
    ) -> StoredResponse {
        StoredResponse(
            id: id, owner: owner, previous: previous, status: "completed", createdAt: createdAt,
            body: Data(repeating: 7, count: bytes),
            turn: StoredResponse.Turn(input: Data("i\(id)".utf8), output: Data("o\(id)".utf8)))
    }

    private func limits(bytes: Int = 1 << 20, lifetime: Int64 = 100) -> ResponseArchive.Limits {
        ResponseArchive.Limits(bytes: bytes, lifetime: lifetime)
    }

    /// In memory, and in a file of that folder.
    private func archives(
        _ limits: ResponseArchive.Limits, in folder: TestFolder
    ) throws -> [ResponseArchive] {
        [try ResponseArchive(limits), try folder.open().responses(limits)]
    }

    private func kept(_ ids: [String], in archive: ResponseArchive, now: Int64 = 1) async throws -> [String] {
        var kept: [String] = []
        for id in ids where try await archive.response(id, now: now) != nil { kept.append(id) }
        return kept
    }

    @Test func `a response comes back as it was, until it is removed`() async throws {
        let folder = TestFolder()
        for archive in try archives(limits(), in: folder) {
            let (one, other) = (response("a", bytes: 1000), response("b", owner: "p", after: "a"))
            for each in [one, other] { #expect(try await archive.put(each, now: 1)) }
            #expect(try await archive.response("a", now: 1) == one)
            #expect(try await archive.response("b", now: 1) == other)
            try await archive.remove("a")
            #expect(try await archive.response("a", now: 1) == nil)
            #expect(try await archive.response("b", now: 1) == other)
        }
    }

    @Test func `the oldest make room when there are too many bytes`() async throws {
        let folder = TestFolder()
        let ids = (0..<40).map { "\($0)" }
        let size = response("00", bytes: 1000).size
        for archive in try archives(limits(bytes: 20 * size), in: folder) {
            for id in ids { #expect(try await archive.put(response(id, bytes: 1000), now: 1)) }
            #expect(try await kept(ids, in: archive) == Array(ids.suffix(20)))
            // What was removed leaves its place to others.
            for id in ids.suffix(5) { try await archive.remove(id) }
            for id in ids.prefix(5) { #expect(try await archive.put(response(id, bytes: 1000), now: 1)) }
            #expect(try await kept(ids, in: archive) == Array(ids[..<5] + ids[20..<35]))
        }
    }

    @Test func `the oldest make room when there are too many`() async throws {
        var limits = limits()
        limits.count = 3
        let archive = try ResponseArchive(limits)
        for id in ["a", "b", "c", "d"] { #expect(try await archive.put(response(id), now: 1)) }
        #expect(try await kept(["a", "b", "c", "d"], in: archive) == ["b", "c", "d"])
    }

    @Test func `one that is larger than one may be pushes out nobody`() async throws {
        let archive = try ResponseArchive(limits(bytes: 80_000))
        #expect(try await archive.put(response("a", bytes: 9_000), now: 1))
        #expect(try await archive.put(response("b", bytes: 10_000), now: 1) == false)
        #expect(try await kept(["a", "b"], in: archive) == ["a"])
    }

    @Test func `what is too old is not there, and goes`() async throws {
        let folder = TestFolder()
        for archive in try archives(limits(lifetime: 100), in: folder) {
            #expect(try await archive.put(response("a", createdAt: 10), now: 10))
            #expect(try await archive.response("a", now: 109) != nil)
            #expect(try await archive.response("a", now: 110) == nil)
            #expect(try await archive.conversation(endingWith: "a", now: 110) == .broken(at: "a"))
            try await archive.removeExpired(now: 109)
            #expect(try await archive.response("a", now: 10) != nil)
            try await archive.removeExpired(now: 110)
            #expect(try await archive.response("a", now: 10) == nil)
        }
    }

    @Test func `a conversation is read in order, or the missing part is named`() async throws {
        var limits = limits()
        let turn = response("a").turn
        limits.conversation = 3 * (turn.input.count + turn.output.count)
        let archive = try ResponseArchive(limits)
        for (id, previous) in [("a", nil), ("b", "a"), ("c", "b"), ("d", "c")] {
            #expect(try await archive.put(response(id, after: previous), now: 1))
        }
        let turns = ["a", "b", "c"].map { response($0).turn }
        #expect(try await archive.conversation(endingWith: "c", now: 1) == .whole(turns))
        #expect(try await archive.conversation(endingWith: "d", now: 1) == .tooLarge(limit: limits.conversation))
        try await archive.remove("b")
        #expect(try await archive.conversation(endingWith: "c", now: 1) == .broken(at: "b"))
        #expect(try await archive.conversation(endingWith: "a", now: 1) == .whole([turns[0]]))
    }

    @Test func `a file outlives its archive, within the limits of the next one`() async throws {
        let folder = TestFolder()
        func open(_ limits: ResponseArchive.Limits) throws -> ResponseArchive { try folder.open().responses(limits) }
        let ids = (0..<9).map { "\($0)" }
        let first = try open(limits())
        for (number, id) in ids.enumerated() {
            #expect(try await first.put(response(id, createdAt: Int64(number), bytes: 1000), now: 1))
        }
        #expect(try await kept(ids, in: try open(limits())) == ids)
        #expect(try await kept(ids, in: try open(limits(lifetime: 10)), now: 12) == Array(ids.suffix(6)))
        let small = try open(limits(bytes: 8 * response("0", bytes: 1000).size))
        try await small.removeExpired(now: 1)
        #expect(try await kept(ids, in: small) == Array(ids.suffix(8)))
    }

    @Test(arguments: [Data("no database at all, but long enough for a header; ".utf8), Data(count: 4096)])
    func `a damaged file is refused by its name`(bytes: Data) throws {
        let folder = TestFolder()
        let path = folder.path + "/responses.sqlite"
        let state = try folder.open()
        var content = Data("SQLite format 3\0".utf8)
        while content.count < 8192 { content += bytes }
        try content.write(to: URL(filePath: path))
        let error = #expect(throws: StateError.self) { try state.responses(limits()) }
        #expect(error?.description.contains(path) == true)
        #expect(error?.description.hasSuffix("move it away to begin anew") == true)
    }

    @Test func `a file of a newer version, and one of another program, are refused`() throws {
        let folder = TestFolder()
        let state = try folder.open()
        let path = folder.path + "/responses.sqlite"
        _ = try state.responses(limits())
        try DatabaseQueue(path: path).write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('what comes later')")
        }
        #expect(throws: StateError.newer(path: path, tables: "what comes later")) { try state.responses(limits()) }
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE song (name)") }
        #expect(throws: StateError.foreign(path: path, table: "song")) { try state.responses(limits()) }
    }

    @Test func `what cannot be written is an error, and nobody's loss`() async throws {
        let folder = TestFolder()
        let archive = try folder.open().responses(limits())
        #expect(try await archive.put(response("a"), now: 1))
        // Who writes is alone: the archive gets an error from each write until the other has ended.
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: folder.path + "/responses.sqlite", configuration: configuration)
        try other.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
        await #expect(throws: StateError.self) { try await archive.put(response("b"), now: 1) }
        await #expect(throws: StateError.self) { try await archive.remove("a") }
        #expect(try await kept(["a", "b"], in: archive) == ["a"])
        try other.inDatabase { try $0.execute(sql: "ROLLBACK") }
        #expect(try await archive.put(response("b"), now: 1))
        #expect(try await kept(["a", "b"], in: archive) == ["a", "b"])
    }
}
