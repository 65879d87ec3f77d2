import Engine
import Synchronization

/// Files in memory, on a disk that can be full and lose what was written.
final class MemoryFiles: BlockFiles {
    private struct State {
        var files: [PrefixHash: [UInt8]] = [:]
        var isFull = false
    }

    private let state = Mutex(State())

    var names: Set<PrefixHash> { state.withLock { Set($0.files.keys) } }

    /// What a store finds that starts now.
    var found: [CacheDirectory.File] {
        state.withLock { $0.files.map { CacheDirectory.File(name: $0.key, bytes: $0.value.count) } }
    }

    func fill() { state.withLock { $0.isFull = true } }

    /// Changes one byte of each file.
    func damage(at place: Int) {
        state.withLock { state in
            for name in state.files.keys { state.files[name]?[place] ^= 0x10 }
        }
    }

    func write(_ name: PrefixHash, _ bytes: UnsafeRawBufferPointer) throws(BlockFileError) {
        let isFull = state.withLock { state in
            if !state.isFull { state.files[name] = Array(bytes) }
            return state.isFull
        }
        if isFull { throw .system(operation: "write", code: 28) }
    }

    func read(_ name: PrefixHash, into bytes: UnsafeMutableRawBufferPointer) throws(BlockFileError) {
        guard let file = state.withLock({ $0.files[name] }) else { throw .missing }
        guard file.count == bytes.count else { throw .wrongLength }
        bytes.copyBytes(from: file)
    }

    func remove(_ name: PrefixHash) { state.withLock { $0.files[name] = nil } }

    func touch(_ name: PrefixHash) {}
}
