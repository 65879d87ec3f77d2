/// A pushdown automaton: a deterministic automaton for each rule, over bytes, whose states may call other rules.
///
/// Immutable once made. From every state that is left some text leads to the end.
package struct Automaton: Sendable {
    struct Call: Sendable, Hashable {
        let rule: Int
        /// Where to go on behind it.
        let back: Int32
    }

    struct Traits: OptionSet, Sendable {
        let rawValue: UInt8
        /// The rule may end here.
        static let final = Traits(rawValue: 1)
        /// Some byte leads on.
        static let reads = Traits(rawValue: 2)
        static let calls = Traits(rawValue: 4)
        /// Whatever follows is accepted.
        static let universal = Traits(rawValue: 8)
    }

    static let dead: Int32 = -1

    /// (256) the class of each byte.
    var classes: [UInt8] = []
    var classCount = 0
    /// (states, classes)
    private(set) var next: [Int32] = []
    private(set) var traits: [Traits] = []
    private(set) var calls: [[Call]] = []
    /// (states) the fewest bytes to the end of the state's rule.
    private(set) var distances: [Int32] = []
    /// First state of each rule.
    var starts: [Int] = []
    var root = 0

    var stateCount: Int { traits.count }

    /// Bytes in memory, roughly.
    var size: Int { next.count * 4 + traits.count * 13 + calls.reduce(0) { $0 + $1.count * 16 } }

    mutating func addState(isFinal: Bool) -> Int {
        next.append(contentsOf: repeatElement(Self.dead, count: classCount))
        traits.append(isFinal ? .final : [])
        calls.append([])
        return traits.count - 1
    }

    mutating func connect(_ state: Int, class name: Int, to target: Int) {
        next[state * classCount + name] = Int32(target)
    }

    mutating func call(_ state: Int, _ rule: Int, back: Int) {
        calls[state].append(Call(rule: rule, back: Int32(back)))
    }

    // MARK: Checks when it is complete

    mutating func finish(_ budget: inout GrammarBudget, name: (Int) -> String) throws(GrammarError) {
        try prune(&budget)
        if let rule = leftRecursion() { throw .leftRecursion(rule: name(rule)) }
        for state in traits.indices {
            let row = next[state * classCount..<(state + 1) * classCount]
            if row.contains(where: { $0 != Self.dead }) { traits[state].insert(.reads) }
            if !calls[state].isEmpty { traits[state].insert(.calls) }
            if traits[state].contains(.final), row.allSatisfy({ $0 == Int32(state) }) {
                traits[state].insert(.universal)
            }
        }
    }

    /// Takes away all ways that lead to no end.
    private mutating func prune(_ budget: inout GrammarBudget) throws(GrammarError) {
        distances = try EndDistances(self, &budget).values
        let ends = distances.map { $0 != EndDistances.none }
        guard ends[starts[root]] else { throw .unsatisfiable }
        for index in next.indices where next[index] != Self.dead && !ends[Int(next[index])] { next[index] = Self.dead }
        for state in calls.indices {
            calls[state].removeAll { !ends[starts[$0.rule]] || !ends[Int($0.back)] }
        }
    }

    /// A rule that may begin with itself: it would be entered again and again before any byte is read.
    private func leftRecursion() -> Int? {
        let nullable = nullableRules()
        var leading = starts.map { first -> [Int] in
            var (rules, seen, open) = (Set<Int>(), Set([first]), [first])
            while let state = open.popLast() {
                for call in calls[state] {
                    rules.insert(call.rule)
                    if nullable[call.rule], seen.insert(Int(call.back)).inserted { open.append(Int(call.back)) }
                }
            }
            return Array(rules)
        }
        // Rules that lead nowhere are taken away until none is left, or a cycle.
        var users = starts.map { _ in [Int]() }
        for (rule, rules) in leading.enumerated() { for other in rules { users[other].append(rule) } }
        var open = leading.indices.filter { leading[$0].isEmpty }
        var left = leading.count - open.count
        var counts = leading.map(\.count)
        while let rule = open.popLast() {
            for user in users[rule] {
                counts[user] -= 1
                if counts[user] == 0 {
                    leading[user] = []
                    open.append(user)
                    left -= 1
                }
            }
        }
        guard left > 0, var rule = leading.firstIndex(where: { !$0.isEmpty }) else { return nil }
        // Among those that are left every way ends in a cycle.
        for _ in leading.indices { rule = leading[rule].filter { !leading[$0].isEmpty }.min() ?? rule }
        return rule
    }

    /// Rules that the empty text satisfies.
    private func nullableRules() -> [Bool] {
        var nullable = starts.map { traits[$0].contains(.final) }
        var isChanging = true
        while isChanging {
            isChanging = false
            for (rule, first) in starts.enumerated() where !nullable[rule] {
                var (seen, open) = (Set([first]), [first])
                while let state = open.popLast(), !nullable[rule] {
                    nullable[rule] = traits[state].contains(.final)
                    for call in calls[state] where nullable[call.rule] && seen.insert(Int(call.back)).inserted {
                        open.append(Int(call.back))
                    }
                }
                isChanging = isChanging || nullable[rule]
            }
        }
        return nullable
    }
}
