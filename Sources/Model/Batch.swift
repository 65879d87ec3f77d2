/// The rows of one forward step: one token each, the rows of a sequence side by side.
///
/// A value that is emptied and filled again for every step; its arrays keep their capacity, so a step allocates
/// nothing. Rows of one run must be consecutive positions of one sequence.
package struct Batch: Sendable {
    /// Consecutive tokens of one sequence.
    package struct Run: Sendable, Equatable {
        /// Rows of the batch that belong to the run.
        package let rows: Range<Int>
        /// Position in its sequence of the first of them.
        package let firstPosition: Int
        /// Where the sequence's block table lies in `blockTable`. Entry i holds positions
        /// `i * KVBlock.tokens ..< (i + 1) * KVBlock.tokens`; it covers every position up to the run's last.
        package let blocks: Range<Int>
    }

    /// (rows) token ids.
    package private(set) var tokens: [Int32] = []
    package private(set) var runs: [Run] = []
    /// Physical block numbers, the tables of all runs one after another.
    package private(set) var blockTable: [Int32] = []
    /// Rows whose logits are wanted, ascending; `Logits` come in this order.
    package private(set) var logitRows: [Int32] = []
    /// False where only the hidden states of those rows are looked at, which spares the output matrix.
    package var needsLogits = true

    package init(capacity: BatchCapacity) {
        tokens.reserveCapacity(capacity.rows)
        runs.reserveCapacity(capacity.runs)
        logitRows.reserveCapacity(capacity.logitRows)
    }

    package var isEmpty: Bool { tokens.isEmpty }

    package mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        blockTable.removeAll(keepingCapacity: true)
        logitRows.removeAll(keepingCapacity: true)
        needsLogits = true
    }

    /// Adds tokens of one sequence that stand at `position` and after. The last `logits` of them want their logits.
    package mutating func append(
        _ newTokens: some Collection<Int32>, at position: Int, blocks: some Collection<Int32>, logits: Int
    ) {
        let first = tokens.count
        let firstBlock = blockTable.count
        tokens.append(contentsOf: newTokens)
        blockTable.append(contentsOf: blocks)
        let rows = first..<tokens.count
        runs.append(Run(rows: rows, firstPosition: position, blocks: firstBlock..<blockTable.count))
        logitRows.append(contentsOf: rows.suffix(logits).lazy.map { Int32($0) })
    }
}

/// The largest step a model has room for. Fixed when the model is made.
package struct BatchCapacity: Sendable, Equatable {
    package let rows: Int
    package let runs: Int
    package let logitRows: Int

    package init(rows: Int, runs: Int, logitRows: Int) {
        self.rows = rows
        self.runs = runs
        self.logitRows = logitRows
    }
}

/// The unit in which K/V memory is handed out.
package enum KVBlock {
    /// Positions in one block.
    package static let tokens = 64

    /// Blocks that hold `positions` positions.
    package static func count(for positions: Int) -> Int { (positions + tokens - 1) / tokens }
}
