import Foundation
import Jobs
import Testing

struct FileStoreTests {
    private func upload(
        _ bytes: Int, to state: StateFolder, owner: String = "o", expiresAt: Int64? = nil
    ) async throws -> String {
        let upload = try await state.files.begin()
        try await upload.append([UInt8](repeating: 7, count: bytes))
        try await state.files.keep(
            upload,
            as: StoredFile(
                id: upload.id, owner: owner, name: "../../x", purpose: "batch", bytes: bytes, createdAt: 0,
                expiresAt: expiresAt))
        return upload.id
    }

    @Test func `files of one owner stay within the quota and leave nothing behind`() async throws {
        let folder = TestFolder()
        let state = try folder.open(quota: 100)
        _ = try await upload(60, to: state)
        await #expect(throws: StateError.quota(limit: 100)) { try await upload(60, to: state) }
        _ = try await upload(60, to: state, owner: "p")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/files").count == 2)
    }

    @Test func `pages follow each other and see one owner's files`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        var ids: [String] = []
        for _ in 0..<5 { ids.append(try await upload(1, to: state)) }
        _ = try await upload(1, to: state, owner: "p")
        var page = ListPage(owner: "o", limit: 2, isAscending: true)
        let first = try await state.files.list(page, purpose: "batch", now: 1)
        #expect(first.map(\.id) == Array(ids[0...2]))
        page.after = ids[3]
        #expect(try await state.files.list(page, purpose: nil, now: 1).map(\.id) == [ids[4]])
        page.after = "file-nobody"
        #expect(try await state.files.list(page, purpose: nil, now: 1).isEmpty)
    }

    @Test func `a file whose time is over is gone, with its bytes`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let id = try await upload(3, to: state, expiresAt: 10)
        #expect(try await state.files.file(id, now: 9) != nil)
        #expect(try await state.files.file(id, now: 10) == nil)
        try await state.files.removeExpired(now: 10)
        #expect(!FileManager.default.fileExists(atPath: folder.file(id)))
    }

    @Test func `what a kill left of an upload goes at the next start`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let kept = try await upload(3, to: state)
        try Data([1]).write(to: URL(filePath: folder.file("file-orphan")))
        try await state.files.removeOrphans()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/files") == [kept])
    }
}
