/// Merges the bytes of one piece into tokens: the adjacent pair of lowest rank first, the leftmost of equals.
///
/// Short pieces scan for that pair, long ones keep a heap of pairs, so a piece of n bytes costs n log n. Holds
/// scratch memory: one encoder encodes one text at a time.
struct BytePairEncoder {
    private let vocabulary: Vocabulary
    private var symbols: [Symbol] = []
    private var heap = MinimumHeap()

    /// Where the heap begins to win.
    private static let scanLimit = 48

    init(_ vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
    }

    /// A token within the piece, and the rank of merging it with the next one.
    private struct Symbol {
        var id: Int32
        var start: Int32
        var end: Int32
        var rank: Int32 = .max
        /// Neighbours; used by the heap only.
        var previous: Int32 = -1
        var next: Int32 = -1
    }

    mutating func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        if vocabulary.ignoresMerges || piece.count == 1, let id = vocabulary.table.id(of: piece) {
            ids.append(id)
            return
        }
        symbols.removeAll(keepingCapacity: true)
        for (position, byte) in piece.enumerated() {
            let id = vocabulary.byteIDs[Int(byte)]
            symbols.append(Symbol(id: id, start: Int32(position), end: Int32(position + 1)))
        }
        for position in symbols.indices.dropLast() {
            symbols[position].rank = rank(symbols[position], symbols[position + 1], in: piece)
        }
        if piece.count <= Self.scanLimit {
            mergeByScanning(piece)
            for symbol in symbols { ids.append(symbol.id) }
        } else {
            mergeByHeap(piece)
            var position: Int32 = 0
            while position >= 0 {
                ids.append(symbols[Int(position)].id)
                position = symbols[Int(position)].next
            }
        }
    }

    /// `.max` where the two do not merge.
    private func rank(_ left: Symbol, _ right: Symbol, in piece: UnsafeBufferPointer<UInt8>) -> Int32 {
        if let merges = vocabulary.merges { return merges.rank(left.id, right.id) ?? .max }
        let both = UnsafeBufferPointer(rebasing: piece[Int(left.start)..<Int(right.end)])
        return vocabulary.table.id(of: both) ?? .max
    }

    private func token(ofRank rank: Int32) -> Int32 {
        vocabulary.merges?.result(ofRank: rank) ?? rank
    }

    private mutating func mergeByScanning(_ piece: UnsafeBufferPointer<UInt8>) {
        while true {
            var best = 0
            for position in symbols.indices where symbols[position].rank < symbols[best].rank { best = position }
            guard symbols[best].rank != .max else { return }
            symbols[best].id = token(ofRank: symbols[best].rank)
            symbols[best].end = symbols[best + 1].end
            symbols.remove(at: best + 1)
            refreshRank(at: best, next: best + 1 < symbols.count ? best + 1 : nil, in: piece)
            if best > 0 { refreshRank(at: best - 1, next: best, in: piece) }
        }
    }

    private mutating func refreshRank(at position: Int, next: Int?, in piece: UnsafeBufferPointer<UInt8>) {
        symbols[position].rank = next.map { rank(symbols[position], symbols[$0], in: piece) } ?? .max
    }

    /// A heap entry is stale when the symbol at its position has another rank by now.
    private mutating func mergeByHeap(_ piece: UnsafeBufferPointer<UInt8>) {
        heap.removeAll()
        for position in symbols.indices {
            symbols[position].previous = Int32(position) - 1
            symbols[position].next = position + 1 < symbols.count ? Int32(position + 1) : -1
            push(position)
        }
        while let entry = heap.popMinimum() {
            let position = Int(entry & 0xFFFF_FFFF)
            guard symbols[position].rank == Int32(truncatingIfNeeded: entry >> 32) else { continue }
            mergeWithNext(position, in: piece)
        }
    }

    private mutating func mergeWithNext(_ position: Int, in piece: UnsafeBufferPointer<UInt8>) {
        let absorbed = Int(symbols[position].next)
        let next = symbols[absorbed].next
        symbols[position].id = token(ofRank: symbols[position].rank)
        symbols[position].end = symbols[absorbed].end
        symbols[position].next = next
        symbols[absorbed].rank = .max
        if next >= 0 { symbols[Int(next)].previous = Int32(position) }
        refreshRank(at: position, next: next >= 0 ? Int(next) : nil, in: piece)
        push(position)
        let previous = Int(symbols[position].previous)
        if previous >= 0 {
            refreshRank(at: previous, next: position, in: piece)
            push(previous)
        }
    }

    private mutating func push(_ position: Int) {
        guard symbols[position].rank != .max else { return }
        heap.push(UInt64(UInt32(bitPattern: symbols[position].rank)) << 32 | UInt64(position))
    }
}
