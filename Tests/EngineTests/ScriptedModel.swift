import Model

/// A model that recites: a row's logits are a hash of all tokens of its sequence.
///
/// It reads them back through the block table from its own K/V blocks, so a wrong table, a block given to two
/// requests, a stale or a lost position all change the text.
final class ScriptedModel: ForwardPass {
    private struct Slot {
        var position = -1
        var token: Int32 = 0
    }

    let vocabularySize: Int
    var width: Int { vocabularySize }
    let contextLength: Int
    let blockCount: Int
    let capacity: BatchCapacity
    private let gate: StepGate?
    private let poison: Int32?
    private let memory: Int
    private let shift: Int
    private let team: ThreadTeam?
    /// (blocks * KVBlock.tokens)
    private let slots: UnsafeMutablePointer<Slot>
    /// (capacity.logitRows, vocabulary)
    private let logits: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - gate: holds each step until it is let through.
    ///   - poison: a sequence that contains this token gets NaN for logits.
    ///   - memory: how many last tokens a row's logits depend on; few make a text repeat itself.
    ///   - shift: it takes each token for the one so many ids before; such a draft model is always wrong.
    ///   - team: shares the work of others; without one it is done in turn.
    init(
        vocabularySize: Int = 64, contextLength: Int = 1024, blocks: Int = 256,
        capacity: BatchCapacity = BatchCapacity(rows: 128, runs: 64, logitRows: 64), gate: StepGate? = nil,
        poison: Int32? = nil, memory: Int = .max, shift: Int = 0, team: ThreadTeam? = nil
    ) {
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        blockCount = blocks
        self.capacity = capacity
        self.gate = gate
        self.poison = poison
        self.memory = memory
        self.shift = shift
        self.team = team
        slots = .allocate(capacity: blocks * KVBlock.tokens)
        slots.initialize(repeating: Slot(), count: blocks * KVBlock.tokens)
        logits = .allocate(capacity: capacity.logitRows * vocabularySize)
    }

    deinit {
        slots.deallocate()
        logits.deallocate()
    }

    var workers: Int { team?.workers ?? 1 }

    func share(_ items: Int, _ work: (_ item: Int, _ worker: Int) -> Void) {
        guard let team else { return (0..<items).forEach { work($0, 0) } }
        team.share(items, work)
    }

    /// Asks before each row. A step that is broken off leaves rows behind of which only some layers are there, and the
    /// wrong ones too: none of them may be read.
    func forward(_ batch: borrowing Batch, while isWanted: () -> Bool) -> Logits? {
        gate?.pass()
        var wanted = 0
        for run in batch.runs {
            let table = batch.blockTable[run.blocks].map { Int($0) }
            for row in run.rows {
                guard isWanted() else {
                    spoil(batch)
                    return nil
                }
                let position = run.firstPosition + row - run.rows.lowerBound
                slots[slot(of: position, table)] = Slot(position: position, token: batch.tokens[row])
                guard wanted < batch.logitRows.count, batch.logitRows[wanted] == row else { continue }
                write(history: table, through: position, row: wanted)
                wanted += 1
            }
        }
        return Logits(rowCount: wanted, vocabularySize: vocabularySize, base: logits, stride: vocabularySize)
    }

    private func spoil(_ batch: borrowing Batch) {
        for run in batch.runs {
            let table = batch.blockTable[run.blocks].map { Int($0) }
            for offset in 0..<run.rows.count { slots[slot(of: run.firstPosition + offset, table)] = Slot() }
        }
    }

    /// The logits themselves.
    func hiddenState(_ row: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: logits + row * vocabularySize, count: vocabularySize))
    }

    func copyBlock(_ source: Int32, to target: Int32) {
        for offset in 0..<KVBlock.tokens {
            slots[Int(target) * KVBlock.tokens + offset] = slots[Int(source) * KVBlock.tokens + offset]
        }
    }

    func memory(of block: Int32) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(start: slots + Int(block) * KVBlock.tokens, count: KVBlock.tokens))
    }

    private func slot(of position: Int, _ table: [Int]) -> Int {
        table[position / KVBlock.tokens] * KVBlock.tokens + position % KVBlock.tokens
    }

    private func write(history table: [Int], through last: Int, row: Int) {
        var story = Story()
        var isPoisoned = false
        for position in 0...last {
            let slot = slots[slot(of: position, table)]
            let isRight = slot.position == position
            // What is forgotten must still be in its place.
            if last - position < memory || !isRight { story.append(isRight ? slot.token : -1) }
            isPoisoned = isPoisoned || slot.token == poison
        }
        for id in 0..<vocabularySize {
            logits[row * vocabularySize + id] = isPoisoned ? .nan : story.logit(of: (id + shift) % vocabularySize)
        }
    }

    /// The text after a prompt, without engine, blocks or batches: always the likeliest token, or the one so many ranks
    /// behind it.
    static func text(
        after prompt: [Int32], count: Int, rank: Int = 0, vocabularySize: Int = 64, memory: Int = .max
    ) -> [Int32] {
        var tokens = prompt
        for _ in 0..<count {
            var story = Story()
            tokens.suffix(memory).forEach { story.append($0) }
            tokens.append(Self.token(rank, of: (0..<vocabularySize).map(story.logit)))
        }
        return Array(tokens.dropFirst(prompt.count))
    }

    /// The logits of the tokens of a prompt from `first` on, each in the row before it.
    static func scores(
        of prompt: [Int32], from first: Int, memory: Int = .max
    ) -> [Float] {
        (first..<max(first, prompt.count)).map { position in
            var story = Story()
            prompt[..<position].suffix(memory).forEach { story.append($0) }
            return story.logit(of: Int(prompt[position]))
        }
    }

    /// The token with the largest logit, or the one so many ranks behind it.
    static func token(_ rank: Int, of logits: [Float]) -> Int32 {
        Int32(logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }[rank])
    }

    /// A running hash of tokens and their order.
    private struct Story {
        private var hash: UInt64 = 0x2545_F491_4F6C_DD1D

        mutating func append(_ token: Int32) {
            hash = (hash ^ UInt64(bitPattern: Int64(token) + 1)) &* 0x0000_0100_0000_01B3
            hash ^= hash >> 29
        }

        func logit(of id: Int) -> Float {
            var z = hash &+ UInt64(id + 1) &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z ^= z >> 31
            return Float(z >> 40) * 0x1p-21
        }
    }
}
