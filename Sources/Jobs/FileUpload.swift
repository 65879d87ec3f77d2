import Synchronization

/// Bytes that are becoming a file. Without `FileStore.keep` they are removed with the last reference.
package final class FileUpload: Sendable {
    package let id: String
    private let file: DiskFile
    private let state = Mutex(State())

    private struct State {
        var count = 0
        var isKept = false
    }

    init(id: String, file: DiskFile) {
        self.id = id
        self.file = file
    }

    deinit { if !isKept { DiskFile.remove(file.path) } }

    /// Bytes so far.
    package var count: Int { state.withLock(\.count) }

    var isKept: Bool {
        get { state.withLock(\.isKept) }
        set { state.withLock { $0.isKept = newValue } }
    }

    /// Adds bytes at the end. One call at a time.
    package func append(_ bytes: [UInt8]) async throws(StateError) {
        try await DiskQueue.run { [file, count] () throws(StateError) in try file.write(bytes, at: count) }
        state.withLock { $0.count += bytes.count }
    }

    func sync() throws(StateError) { try file.sync() }
}
