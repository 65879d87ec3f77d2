/// Which tokens one state of a rule allows, whoever called the rule.
struct StateMask: Sendable {
    /// Tokens that the rule reads without coming to its end.
    let certain: TokenSet
    /// Nodes of the token tree at which the rule may have ended: what the tokens below may be is the caller's matter.
    /// None lies below another; -1 is the root.
    let escapes: [Int32]

    init(_ state: Int32, _ automaton: Automaton, _ trie: TokenTrie) {
        var walker = Walker(automaton, at: state)
        var certain = TokenSet(count: trie.count)
        var escapes: [Int32] = walker.escapes ? [-1] : []
        /// End of the nodes below the last escape.
        var below = 0
        trie.walk(from: 0, to: trie.nodes.count, &walker) { node, isEscape in
            if trie.nodes[node].token >= 0 { certain.insert(trie.nodes[node].token) }
            if isEscape, node >= below, escapes != [-1] {
                escapes.append(Int32(node))
                below = Int(trie.nodes[node].after)
            }
        }
        self.certain = certain
        self.escapes = escapes
    }
}

extension TokenTrie {
    /// Visits the nodes of a range whose bytes lead on from where the walker stands, and says where a rule may have
    /// ended whose caller is not known. The range is all of the tree, or some nodes that follow one another with all below
    /// them; the walker stands at their parent, and stands there again at the end.
    func walk(from start: Int, to end: Int, _ walker: inout Walker, _ visit: (_ node: Int, _ escapes: Bool) -> Void) {
        var index = start
        let base = walker.depth - (start < end ? Int(nodes[start].depth) - 1 : 0)
        while index < end {
            let node = nodes[index]
            walker.pop(to: base + Int(node.depth) - 1)
            guard walker.push(node.byte) else {
                index = Int(node.after)
                continue
            }
            visit(index, walker.escapes)
            index += 1
        }
        walker.pop(to: base + (start < end ? Int(nodes[start].depth) - 1 : 0))
    }
}
