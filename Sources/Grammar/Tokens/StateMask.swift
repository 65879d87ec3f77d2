/// Which tokens of a tree one state of a rule allows, whoever called the rule.
struct StateMask: Sendable {
    /// Tokens that the rule reads without coming to its end.
    private(set) var certain: TokenSet
    /// Nodes of the token tree at which the rule may have ended: what the tokens below may be is the caller's matter.
    /// None lies below another; -1 is the root.
    private(set) var escapes: [Int32] = []

    /// - Parameter count: of all tokens, which sets are made for.
    init(_ state: Int32, _ automaton: Automaton, _ tree: TokenTree, count: Int) {
        certain = TokenSet(count: count)
        if automaton.traits[Int(state)] == .reads {
            read(automaton, from: state, tree)
        } else {
            follow(automaton, state, below: -1, tree)
        }
    }

    /// Goes through states that only read, as most of a string or a number do, without a walker.
    private mutating func read(_ automaton: Automaton, from state: Int32, _ tree: TokenTree) {
        let (nodes, classes, next, traits) = (
            tree.nodes.span, automaton.classes.span, automaton.next.span, automaton.traits.span
        )
        var states = [state] + [Int32](repeating: Automaton.dead, count: tree.longest)
        var path = states.mutableSpan
        var ends: [(node: Int32, state: Int32)] = []
        var words = certain.words.mutableSpan
        var index = 0
        while index < nodes.count {
            let node = nodes[index]
            let name = Int(classes[Int(node.byte)])
            let target = next[Int(path[Int(node.depth) - 1]) * automaton.classCount + name]
            guard target != Automaton.dead else {
                index = Int(node.after)
                continue
            }
            if node.token >= 0 { words[Int(node.token) / 64] |= 1 << UInt64(node.token % 64) }
            if traits[Int(target)] == .reads {
                path[Int(node.depth)] = target
                index += 1
            } else {
                ends.append((Int32(truncatingIfNeeded: index), target))
                index = Int(node.after)
            }
        }
        for end in ends { follow(automaton, end.state, below: end.node, tree) }
    }

    /// Goes on below a node, where the rule is in a state that calls others or may be its last.
    private mutating func follow(_ automaton: Automaton, _ state: Int32, below node: Int32, _ tree: TokenTree) {
        var walker = Walker(automaton, at: state)
        var inner: [Int32] = []
        tree.walk(below: node, &walker, into: &certain) { inner.append(Int32(truncatingIfNeeded: $0)) }
        escapes += walker.escapes ? [node] : inner
    }
}

extension TokenTree {
    /// Adds the tokens below a node (-1: the root) whose bytes lead on from where the walker stands, which is that node.
    /// Says at which nodes a rule may have ended whose caller is not known, of those with none above them.
    func walk(below top: Int32, _ walker: inout Walker, into set: inout TokenSet, escape: (_ node: Int) -> Void) {
        let (base, level) = (walker.depth, top < 0 ? 0 : Int(nodes[Int(top)].depth))
        let end = top < 0 ? nodes.count : Int(nodes[Int(top)].after)
        var index = Int(top) + 1
        /// End of what lies below the last escape.
        var escaped = index
        while index < end {
            let node = nodes[index]
            walker.pop(to: base + Int(node.depth) - level - 1)
            guard walker.push(node.byte) else {
                index = Int(node.after)
                continue
            }
            if walker.escapes, index >= escaped {
                escape(index)
                escaped = Int(node.after)
            }
            let next = walker.acceptsAnything ? Int(node.after) : index + 1
            for below in nodes[index..<next] where below.token >= 0 { set.insert(below.token) }
            index = next
        }
        walker.pop(to: base)
    }
}
