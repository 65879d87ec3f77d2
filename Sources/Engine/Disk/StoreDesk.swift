import DequeModule
import Foundation

/// What the store's thread has to do, and the memory that blocks pass through. The engine thread never waits here, but
/// at its end.
///
/// `@unchecked Sendable`: everything is touched under the condition's lock only.
final class StoreDesk: @unchecked Sendable {
    enum Job {
        case write(PrefixHash, tokens: [Int32], StagedBlock)
        case touch(PrefixHash)
        case read(BlockRestore, into: StagedBlock)
    }

    /// A number of blocks that are made when they are first needed.
    private struct Stock {
        var blocks: [StagedBlock] = []
        var left: Int
        let bytes: Int

        mutating func take() -> StagedBlock? {
            if let block = blocks.popLast() { return block }
            guard left > 0 else { return nil }
            left -= 1
            return StagedBlock(bytes: bytes)
        }
    }

    private let condition = NSCondition()
    private var writes: Deque<Job> = []
    private var reads: Deque<BlockRestore> = []
    /// Names among the writes, that under way included.
    private var writing: Set<PrefixHash> = []
    /// Apart, so that reads cannot wait for writes behind them.
    private var writeStock: Stock
    private var readStock: Stock
    private var isClosed = false

    /// - Parameters:
    ///   - blocks: for each direction.
    ///   - bytes: of each block.
    init(blocks: Int, bytes: Int) {
        writeStock = Stock(left: blocks, bytes: bytes)
        readStock = Stock(left: blocks, bytes: bytes)
    }

    private func withLock<Value>(_ body: () -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    // MARK: Engine thread

    /// Blocks that `place` would give now.
    var room: Int { withLock { writeStock.blocks.count + writeStock.left } }

    func isWriting(_ name: PrefixHash) -> Bool { withLock { writing.contains(name) } }

    /// Memory for a block to write; nil when all of it is on its way, until `deadline` if there is one.
    func place(until deadline: Date? = nil) -> StagedBlock? {
        withLock {
            while true {
                if let block = writeStock.take() { return block }
                guard let deadline, condition.wait(until: deadline) else { return nil }
            }
        }
    }

    func write(_ name: PrefixHash, tokens: [Int32], _ block: StagedBlock) {
        withLock {
            writing.insert(name)
            writes.append(.write(name, tokens: tokens, block))
            condition.broadcast()
        }
    }

    func touch(_ name: PrefixHash) {
        withLock {
            writes.append(.touch(name))
            condition.broadcast()
        }
    }

    func read(_ restores: [BlockRestore]) {
        withLock {
            // The end of a prefix is of no use without its beginning, so the beginning shall be the last to go.
            for restore in restores.reversed() { writes.append(.touch(restore.name)) }
            reads.append(contentsOf: restores)
            condition.broadcast()
        }
    }

    /// Takes back the memory of a block that was read.
    func giveBack(_ block: StagedBlock) {
        withLock {
            readStock.blocks.append(block)
            condition.broadcast()
        }
    }

    /// Waits until all is written, but not beyond the deadline. What was to be read is of no use any more.
    func settle(until deadline: Date) {
        withLock {
            reads.removeAll()
            while !writing.isEmpty || !writes.isEmpty, condition.wait(until: deadline) {}
        }
    }

    /// Ends the store's thread after what it does now.
    func close() {
        withLock {
            isClosed = true
            condition.broadcast()
        }
    }

    // MARK: The store's thread

    /// Waits for something to do, reads first: somebody waits for them. nil when the desk is closed.
    func next() -> Job? {
        withLock {
            while !isClosed {
                if let restore = reads.first, let block = readStock.take() {
                    reads.removeFirst()
                    return .read(restore, into: block)
                }
                if let job = writes.popFirst() { return job }
                condition.wait()
            }
            return nil
        }
    }

    /// A write is done, well or badly.
    func finish(_ name: PrefixHash, _ block: StagedBlock) {
        withLock {
            writing.remove(name)
            writeStock.blocks.append(block)
            condition.broadcast()
        }
    }
}
