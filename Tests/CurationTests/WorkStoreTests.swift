import Curation
import JSON
import Testing

struct WorkStoreTests {
    private let key = ContentHash(JSONValue.string("key"))

    @Test func `rows outlive the process that wrote them`() throws {
        let folder = try TemporaryFolder()
        do {
            let store = try WorkStore(folder: "\(folder.path)/a/b")
            try store.save([.init(.generate, key, [1, 2]), .init(.traces, key.with(0), [3])])
            try store.save([.init(.generate, key, [4])])
        }
        let store = try WorkStore(folder: "\(folder.path)/a/b")
        #expect(try store.body(.generate, key) == [4])
        #expect(try store.body(.traces, key.with(0)) == [3] && store.body(.traces, key) == nil)
        #expect(try store.count(.generate) == 1)
    }

    @Test func `a folder is one run's at a time`() throws {
        let folder = try TemporaryFolder()
        let store = try WorkStore(folder: folder.path)
        #expect(throws: WorkStoreError.self) { try WorkStore(folder: folder.path) }
        #expect(try store.count(.facts) == 0)
    }

    @Test func `hashes are SHA-256, and tell parts apart`() throws {
        let folder = try TemporaryFolder()
        try folder.write("abc", "abc")
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try ContentHash(file: "\(folder.path)/abc").hex == known)
        #expect(ContentHash([1], [2, 3]) != ContentHash([1, 2], [3]))
        #expect(ContentHash([1]).with([2], [3]) != ContentHash([1]).with([2, 3]))
        #expect((0..<100).allSatisfy { ContentHash([$0]).seed >= 0 })
    }
}
