/// Which states texts of a few bytes cannot tell apart: deep inside a string of at most 200 characters it makes no
/// difference to a short token how many are left.
struct Horizon: Sendable {
    /// (states) the first state that is like it.
    private(set) var classes: [Int32]

    /// Refines a partition of the states byte by byte (Moore's algorithm, ended early). Throws if it costs too much.
    init(_ automaton: Automaton, bytes: Int, _ budget: inout GrammarBudget) throws(GrammarError) {
        classes = Self.alike(automaton)
        var (count, known) = (0, Set(classes).count)
        for _ in 0..<bytes where count != known {
            count = known
            known = try refine(automaton, &budget)
        }
    }

    /// States that nothing tells apart before a byte is read.
    private static func alike(_ automaton: Automaton) -> [Int32] {
        struct Features: Hashable {
            let traits: UInt8
            let calls: [Automaton.Call]
        }
        var first: [Features: Int32] = [:]
        return (0..<Int32(clamping: automaton.stateCount)).map { state in
            let index = Int(state)
            let features = Features(traits: automaton.traits[index].rawValue, calls: automaton.calls[index])
            return first.merge(state, at: features)
        }
    }

    /// Sets apart states of a class that some byte leads to different classes; says how many classes there are then.
    private mutating func refine(_ automaton: Automaton, _ budget: inout GrammarBudget) throws(GrammarError) -> Int {
        let before = classes
        var (first, count) = ([UInt64: Int32](minimumCapacity: before.count), 0)
        for state in before.indices {
            try budget.step()
            var key = Self.key(of: state, automaton, before)
            // Different rows may have the same key.
            while let other = first[key], !Self.isAlike(state, Int(other), automaton, before) { key &+= 1 }
            classes[state] = first.merge(Int32(truncatingIfNeeded: state), at: key)
            if classes[state] == state { count += 1 }
        }
        return count
    }

    private static func key(of state: Int, _ automaton: Automaton, _ classes: [Int32]) -> UInt64 {
        let (next, classes) = (automaton.next.span, classes.span)
        var key = UInt64(UInt32(bitPattern: classes[state]))
        let row = state * automaton.classCount
        for place in row..<row + automaton.classCount {
            let target = next[place]
            let name = target == Automaton.dead ? target : classes[Int(target)]
            key = (key ^ UInt64(UInt32(bitPattern: name))) &* 0x9E37_79B9_7F4A_7C15
            key ^= key >> 32
        }
        return key
    }

    private static func isAlike(_ one: Int, _ two: Int, _ automaton: Automaton, _ classes: [Int32]) -> Bool {
        let (next, classes) = (automaton.next.span, classes.span)
        guard classes[one] == classes[two] else { return false }
        let (row, other) = (one * automaton.classCount, two * automaton.classCount)
        for name in 0..<automaton.classCount {
            let (a, b) = (next[row + name], next[other + name])
            guard a == b || (a != Automaton.dead && b != Automaton.dead && classes[Int(a)] == classes[Int(b)]) else {
                return false
            }
        }
        return true
    }
}

extension Dictionary where Value == Int32 {
    /// The value at a key, which is the new one where there was none.
    fileprivate mutating func merge(_ value: Int32, at key: Key) -> Int32 {
        if let known = self[key] { return known }
        self[key] = value
        return value
    }
}
