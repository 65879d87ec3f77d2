extension AutomatonBuilder {
    /// Where two automata stand that read the same text.
    private struct Pair: Hashable {
        let one: [Int]
        let two: [Int]
    }

    /// Texts that end in `isEnd` of (the first expression is satisfied, the second is). Built like a deterministic
    /// automaton, and added as nodes like any other.
    mutating func addProduct(
        _ one: Expression, _ two: Expression, from: Int, to: Int, isEnd: (Bool, Bool) -> Bool
    ) throws(GrammarError) {
        let (first, firstEnd) = try operand(one)
        let (second, secondEnd) = try operand(two)
        let start = Pair(
            one: closure(of: [first], end: firstEnd), two: closure(of: [second], end: secondEnd))
        var nodes = [start: from]
        var open = [start]
        while let pair = open.popLast() {
            guard let node = nodes[pair] else { continue }
            if isEnd(pair.one.contains(firstEnd), pair.two.contains(secondEnd)) { connect(node, .nothing, to) }
            for (targets, bytes) in try steps(from: pair) {
                let next = Pair(
                    one: closure(of: targets.one, end: firstEnd), two: closure(of: targets.two, end: secondEnd))
                // Behind a text that the first does not begin with nothing can end; likewise where both are asked for.
                guard !next.one.isEmpty, !next.two.isEmpty || isEnd(true, false) else { continue }
                if nodes[next] == nil {
                    nodes[next] = try self.node()
                    open.append(next)
                }
                if let target = nodes[next] { connect(node, .byte(number(of: bytes)), target) }
            }
        }
    }

    private mutating func operand(_ expression: Expression) throws(GrammarError) -> (start: Int, end: Int) {
        let (start, end) = (try node(), try node())
        try add(expression, from: start, to: end)
        return (start, end)
    }

    /// Nodes that each byte leads to, and the bytes that lead there.
    private mutating func steps(from pair: Pair) throws(GrammarError) -> [(targets: Pair, bytes: ByteSet)] {
        let (one, two) = (try byteEdges(of: pair.one), try byteEdges(of: pair.two))
        var bytes: [Pair: ByteSet] = [:]
        var order: [Pair] = []
        for byte in UInt8.min...UInt8.max {
            let targets = Pair(
                one: one.filter { sets[$0.set].contains(byte) }.map(\.target),
                two: two.filter { sets[$0.set].contains(byte) }.map(\.target))
            guard !targets.one.isEmpty else { continue }
            if bytes[targets] == nil { order.append(targets) }
            bytes[targets, default: ByteSet()].insert(byte)
        }
        return order.map { ($0, bytes[$0] ?? ByteSet()) }
    }

    private mutating func byteEdges(of nodes: [Int]) throws(GrammarError) -> [(set: Int, target: Int)] {
        var found: [(set: Int, target: Int)] = []
        for edge in nodes.flatMap({ edges[$0] }) {
            try budget.step()
            switch edge.label {
            case .nothing: break
            case .byte(let set): found.append((set, edge.target))
            case .rule: throw .tooComplex("a nested rule where two conditions meet")
            }
        }
        return found
    }

    // MARK: Multiples

    /// A node for each remainder, before the point and behind each number of decimals: a digit d leads from r to
    /// (10 r + d) mod `step`, and a number may end where zeros for the decimals that are missing make the remainder 0.
    mutating func addMultiple(of step: Int, _ places: Int, from: Int, to: Int) throws(GrammarError) {
        let digits = (0..<10).map { number(of: ByteSet(CollectionOfOne(UInt8(0x30 + $0)))) }
        let point = number(of: ByteSet(".".utf8))
        let zeros = try node()
        connect(zeros, .byte(digits[0]), zeros)
        connect(zeros, .nothing, to)
        let whole = try row(of: step)
        connect(from, .nothing, whole[0])
        addDigits(digits, from: whole, to: whole)
        addEnds(of: whole, missing: places, to: to)
        var decimals = try row(of: step)
        for remainder in 0..<step { connect(whole[remainder], .byte(point), decimals[remainder]) }
        for place in 0..<places {
            let next = try row(of: step)
            addDigits(digits, from: decimals, to: next)
            addEnds(of: next, missing: places - place - 1, to: to)
            decimals = next
        }
        connect(decimals[0], .byte(digits[0]), zeros)
    }

    private mutating func row(of count: Int) throws(GrammarError) -> [Int] {
        var nodes: [Int] = []
        for _ in 0..<count { nodes.append(try node()) }
        return nodes
    }

    private mutating func addDigits(_ digits: [Int], from row: [Int], to next: [Int]) {
        for remainder in row.indices {
            for (digit, set) in digits.enumerated() {
                connect(row[remainder], .byte(set), next[(remainder * 10 + digit) % row.count])
            }
        }
    }

    private mutating func addEnds(of row: [Int], missing places: Int, to end: Int) {
        for remainder in row.indices where (0..<places).reduce(remainder, { left, _ in left * 10 % row.count }) == 0 {
            connect(row[remainder], .nothing, end)
        }
    }
}
