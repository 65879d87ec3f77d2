/// Makes the automaton of a grammar: each rule's expression becomes a nondeterministic automaton (Thompson's
/// construction), then a deterministic one (subset construction) whose alphabet are bytes and rules.
struct AutomatonBuilder {
    enum Label {
        case nothing
        case byte(Int)
        case rule(Int)
    }

    struct Edge {
        let label: Label
        let target: Int
    }

    private let grammar: Grammar
    var budget: GrammarBudget
    var edges: [[Edge]] = []
    var sets: [ByteSet] = []
    private var setNumbers: [ByteSet: Int] = [:]
    private var automaton = Automaton()
    /// For each set of `sets`, its classes.
    private var setClasses: [[Int]] = []

    static func automaton(of grammar: Grammar, _ budget: inout GrammarBudget) throws(GrammarError) -> Automaton {
        var builder = AutomatonBuilder(grammar: grammar, budget: budget)
        defer { budget = builder.budget }
        return try builder.build()
    }

    private init(grammar: Grammar, budget: GrammarBudget) {
        self.grammar = grammar
        self.budget = budget
    }

    private mutating func build() throws(GrammarError) -> Automaton {
        var ends: [(start: Int, end: Int)] = []
        for rule in grammar.rules {
            let (start, end) = (try node(), try node())
            try add(rule, from: start, to: end)
            ends.append((start, end))
        }
        classifyBytes()
        for (start, end) in ends { automaton.starts.append(try determinize(start: start, end: end)) }
        automaton.root = grammar.root
        try automaton.finish(&budget, name: grammar.name)
        return automaton
    }

    // MARK: Thompson's construction

    mutating func node() throws(GrammarError) -> Int {
        try budget.takeNode()
        edges.append([])
        return edges.count - 1
    }

    mutating func connect(_ from: Int, _ label: Label, _ to: Int) {
        edges[from].append(Edge(label: label, target: to))
    }

    mutating func number(of set: ByteSet) -> Int {
        if let number = setNumbers[set] { return number }
        sets.append(set)
        setNumbers[set] = sets.count - 1
        return sets.count - 1
    }

    mutating func add(_ expression: Expression, from: Int, to: Int) throws(GrammarError) {
        switch expression {
        case .literal(let bytes):
            var here = from
            for byte in bytes {
                let next = try node()
                connect(here, .byte(number(of: ByteSet(CollectionOfOne(byte)))), next)
                here = next
            }
            connect(here, .nothing, to)
        case .byte(let set): connect(from, .byte(number(of: set)), to)
        case .sequence(let parts):
            var here = from
            for part in parts {
                let next = try node()
                try add(part, from: here, to: next)
                here = next
            }
            connect(here, .nothing, to)
        case .choice(let choices):
            for choice in choices { try add(choice, from: from, to: to) }
        case .repetition(let part, let min, let max): try addRepetition(part, min, max, from: from, to: to)
        case .members(let members, let min, let max, let separator):
            try addMembers(members, min, max, separator, from: from, to: to)
        case .elements(let elements, let rest, let min, let max, let separator):
            try addElements(elements, rest, min, max, separator, from: from, to: to)
        case .intersection(let one, let two): try addProduct(one, two, from: from, to: to) { $0 && $1 }
        case .difference(let one, let two): try addProduct(one, two, from: from, to: to) { $0 && !$1 }
        case .multiple(let step, let places): try addMultiple(of: step, places, from: from, to: to)
        case .rule(let rule): connect(from, .rule(rule), to)
        }
    }

    private mutating func addRepetition(
        _ part: Expression, _ min: Int, _ max: Int?, from: Int, to: Int
    ) throws(GrammarError) {
        var here = from
        for _ in 0..<min {
            let next = try node()
            try add(part, from: here, to: next)
            here = next
        }
        guard let max else {
            let loop = try node()
            connect(here, .nothing, loop)
            try add(part, from: loop, to: loop)
            return connect(loop, .nothing, to)
        }
        for _ in min..<Swift.max(min, max) {
            connect(here, .nothing, to)
            let next = try node()
            try add(part, from: here, to: next)
            here = next
        }
        connect(here, .nothing, to)
    }

    /// A node for each number of members written, as far as they are counted: behind the first the separator comes
    /// before each, and the last node stands for all larger numbers too, unless they are beyond `max`.
    private mutating func addMembers(
        _ members: [Expression.Member], _ min: Int, _ max: Int?, _ separator: Expression, from: Int, to: Int
    ) throws(GrammarError) {
        let isEndless = members.contains { $0.occurrence == .anyNumber }
        let most = Swift.min(Swift.max(1, max ?? min), isEndless ? .max : Swift.max(1, members.count))
        var here = [from]
        for _ in 0..<most { here.append(try node()) }
        for member in members {
            var next = member.occurrence == .anyNumber ? here : []
            while next.count < here.count { next.append(try node()) }
            var begins: [Int: Int] = [:]
            for (written, place) in here.enumerated() {
                if member.occurrence == .optional { connect(place, .nothing, next[written]) }
                guard written < max ?? .max else { continue }
                let target = Swift.min(written + 1, most)
                let known = begins[target]
                let begin = if let known { known } else { try node() }
                try add(written == 0 ? .empty : separator, from: place, to: begin)
                if known == nil { try add(member.expression, from: begin, to: next[target]) }
                begins[target] = begin
            }
            here = next
        }
        for (written, place) in here.enumerated() where written >= min { connect(place, .nothing, to) }
    }

    private mutating func addElements(
        _ elements: [Expression], _ rest: Expression?, _ min: Int, _ max: Int?, _ separator: Expression, from: Int,
        to: Int
    ) throws(GrammarError) {
        var (here, count) = (from, 0)
        let end = max ?? Swift.max(elements.count, min, 1)
        while count < end, let element = count < elements.count ? elements[count] : rest {
            if count >= min { connect(here, .nothing, to) }
            let (begin, next) = (try node(), try node())
            try add(count == 0 ? .empty : separator, from: here, to: begin)
            try add(element, from: begin, to: next)
            (here, count) = (next, count + 1)
        }
        if count >= min { connect(here, .nothing, to) }
        if max == nil, let rest {
            let begin = try node()
            try add(separator, from: here, to: begin)
            try add(rest, from: begin, to: here)
        }
    }

    // MARK: Byte classes

    /// Bytes that no set tells apart are one class.
    private mutating func classifyBytes() {
        var numbers: [[Bool]: Int] = [:]
        var members: [[Bool]] = []
        for byte in UInt8.min...UInt8.max {
            let signature = sets.map { $0.contains(byte) }
            let number = numbers[signature] ?? members.count
            if number == members.count {
                numbers[signature] = number
                members.append(signature)
            }
            automaton.classes.append(UInt8(number))
        }
        automaton.classCount = members.count
        setClasses = sets.indices.map { set in members.indices.filter { members[$0][set] } }
    }

    // MARK: Subset construction

    /// Nodes that are reached without a byte; only those that matter later are kept: with an edge of a byte or a rule,
    /// or the end.
    func closure(of nodes: some Sequence<Int>, end: Int) -> [Int] {
        var seen = Set(nodes)
        var open = Array(seen)
        while let node = open.popLast() {
            for edge in edges[node] {
                if case .nothing = edge.label, seen.insert(edge.target).inserted { open.append(edge.target) }
            }
        }
        return seen.filter { node in
            node == end
                || edges[node].contains {
                    if case .nothing = $0.label { false } else { true }
                }
        }.sorted()
    }

    private mutating func determinize(start: Int, end: Int) throws(GrammarError) -> Int {
        var numbers: [[Int]: Int] = [:]
        var open: [(subset: [Int], state: Int)] = []
        let first = try state(closure(of: [start], end: end), end, &numbers, &open)
        var done = 0
        while done < open.count {
            let (subset, state) = open[done]
            open[done].subset = []
            done += 1
            var byBytes: [Int: Set<Int>] = [:]
            var byRules: [Int: Set<Int>] = [:]
            for node in subset {
                for edge in edges[node] {
                    try budget.step()
                    switch edge.label {
                    case .nothing: break
                    case .byte(let set): for name in setClasses[set] { byBytes[name, default: []].insert(edge.target) }
                    case .rule(let rule): byRules[rule, default: []].insert(edge.target)
                    }
                }
            }
            for (name, targets) in byBytes.sorted(by: { $0.key < $1.key }) {
                let target = try self.state(closure(of: targets, end: end), end, &numbers, &open)
                automaton.connect(state, class: name, to: target)
            }
            for (rule, targets) in byRules.sorted(by: { $0.key < $1.key }) {
                let target = try self.state(closure(of: targets, end: end), end, &numbers, &open)
                automaton.call(state, rule, back: target)
            }
        }
        return first
    }

    private mutating func state(
        _ subset: [Int], _ end: Int, _ numbers: inout [[Int]: Int], _ open: inout [(subset: [Int], state: Int)]
    ) throws(GrammarError) -> Int {
        if let number = numbers[subset] { return number }
        try budget.takeState()
        let state = automaton.addState(isFinal: subset.contains(end))
        numbers[subset] = state
        open.append((subset, state))
        return state
    }
}
