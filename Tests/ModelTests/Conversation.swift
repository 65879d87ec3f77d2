import Glibc
import Model

/// One sequence fed to a model by hand: its blocks and how far it has come.
struct Conversation {
    let blocks: [Int32]
    private(set) var position = 0

    /// Blocks for `positions` positions, from block `first` on; `scattered` orders them backwards.
    init(positions: Int, firstBlock: Int = 0, scattered: Bool = false) {
        let count = KVBlock.count(for: positions)
        let ascending = (firstBlock..<(firstBlock + count)).map(Int32.init)
        blocks = scattered ? ascending.reversed() : ascending
    }

    mutating func add(_ tokens: some Collection<Int32>, to batch: inout Batch, logits: Int) {
        let needed = KVBlock.count(for: position + tokens.count)
        batch.append(tokens, at: position, blocks: blocks[..<needed], logits: logits)
        position += tokens.count
    }
}

extension LogitsRow {
    var array: [Float] { Array(UnsafeBufferPointer(start: values, count: count)) }

    func logprob(_ id: Int32) -> Double {
        let top = argmax().value
        return Double(values[Int(id)] - top) - log(array.reduce(0) { $0 + exp(Double($1 - top)) })
    }
}

extension LlamaModel {
    /// Feeds one sequence in chunks of at most `chunk` tokens and hands over each row of logits.
    func read(
        _ tokens: [Int32], chunk: Int, conversation: inout Conversation, _ body: (Int, LogitsRow) -> Void
    ) {
        var batch = Batch(capacity: capacity)
        var start = 0
        while start < tokens.count {
            let end = min(tokens.count, start + chunk)
            batch.removeAll()
            conversation.add(tokens[start..<end], to: &batch, logits: end - start)
            let logits = forward(batch)
            for row in 0..<logits.rowCount { body(start + row, logits[row]) }
            start = end
        }
    }
}
