import HeapModule

/// The fewest bytes from each state of an automaton to the end of its rule.
///
/// Dijkstra's algorithm, in which a call costs what its rule costs from the start and is looked at when both that and
/// the way behind it are known (Knuth, "A generalization of Dijkstra's algorithm", 1977).
struct EndDistances {
    /// Of a state from which no way leads to an end.
    static let none = Int32.max
    /// Farther ends are all as far: what calls itself twice doubles with every rule.
    private static let farthest = 1 << 30

    private struct Way: Comparable {
        let distance: Int
        let state: Int32

        static func < (one: Way, two: Way) -> Bool { one.distance < two.distance }
    }

    private struct Call {
        let caller: Int32
        let start: Int32
        let back: Int32
    }

    /// (states) The shortest that is known; what is taken from `open` is the shortest there is.
    private(set) var values: [Int32]
    private var open = Heap<Way>()
    private var calls: [Call] = []
    /// (states) which of the calls lead to a state, by their rule or behind it.
    private var callsTo: [[Int32]]
    /// States that a byte leads from to state s: `sources[firsts[s]..<firsts[s + 1]]`.
    private var sources: [Int32] = []
    private var firsts: [Int32]

    init(_ automaton: Automaton, _ budget: inout GrammarBudget) throws(GrammarError) {
        let count = automaton.stateCount
        values = [Int32](repeating: Self.none, count: count)
        callsTo = [[Int32]](repeating: [], count: count)
        firsts = [Int32](repeating: 0, count: count + 1)
        collectCalls(automaton)
        try collectSources(automaton, &budget)
        for state in 0..<count where automaton.traits[state].contains(.final) {
            reach(Int32(truncatingIfNeeded: state), 0)
        }
        while let way = open.popMin() {
            let state = Int(way.state)
            // A shorter way has been found since.
            guard way.distance == values[state] else { continue }
            for place in firsts[state]..<firsts[state + 1] {
                try budget.step()
                reach(sources[Int(place)], way.distance + 1)
            }
            for call in callsTo[state] {
                try budget.step()
                reach(calls[Int(call)])
            }
        }
    }

    private mutating func reach(_ state: Int32, _ distance: Int) {
        let distance = min(distance, Self.farthest)
        guard distance < values[Int(state)] else { return }
        values[Int(state)] = Int32(truncatingIfNeeded: distance)
        open.insert(Way(distance: distance, state: state))
    }

    private mutating func reach(_ call: Call) {
        let (inside, behind) = (values[Int(call.start)], values[Int(call.back)])
        guard inside != Self.none, behind != Self.none else { return }
        reach(call.caller, Int(inside) + Int(behind))
    }

    private mutating func collectCalls(_ automaton: Automaton) {
        for (caller, list) in automaton.calls.enumerated() {
            for call in list {
                let (number, start) = (Int32(truncatingIfNeeded: calls.count), automaton.starts[call.rule])
                calls.append(
                    Call(
                        caller: Int32(truncatingIfNeeded: caller), start: Int32(truncatingIfNeeded: start),
                        back: call.back))
                callsTo[start].append(number)
                if Int(call.back) != start { callsTo[Int(call.back)].append(number) }
            }
        }
    }

    /// Turns the automaton's edges round, in two passes: how many lead to each state, and which.
    private mutating func collectSources(
        _ automaton: Automaton, _ budget: inout GrammarBudget
    ) throws(GrammarError) {
        for state in values.indices {
            try budget.step()
            automaton.forEachTarget(of: state) { firsts[Int($0) + 1] += 1 }
        }
        for state in values.indices { firsts[state + 1] += firsts[state] }
        sources = [Int32](repeating: 0, count: Int(firsts[values.count]))
        var places = firsts
        for state in values.indices {
            try budget.step()
            automaton.forEachTarget(of: state) {
                sources[Int(places[Int($0)])] = Int32(truncatingIfNeeded: state)
                places[Int($0)] += 1
            }
        }
    }
}

extension Automaton {
    /// States that some byte leads to; neighbouring classes that lead to the same one count once.
    fileprivate func forEachTarget(of state: Int, _ body: (_ target: Int32) -> Void) {
        var last = Self.dead
        for target in next[state * classCount..<(state + 1) * classCount] where target != last {
            last = target
            if target != Self.dead { body(target) }
        }
    }
}
