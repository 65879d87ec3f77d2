/// Tokens as a tree of their bytes in the order of a walk: a node's first child follows it, and `after` leads past all
/// that lie below.
struct TokenTree: Sendable {
    struct Node: Sendable {
        let byte: UInt8
        /// Bytes from the root; at least 1.
        let depth: UInt16
        /// The token that ends here, or -1.
        var token: Int32
        /// The next node that is not below.
        var after: Int32
    }

    private(set) var nodes: [Node] = []
    /// Most bytes of a token.
    private(set) var longest = 0

    /// - Parameter tokens: no two of the same bytes, none of no bytes or of more than `UInt16.max`.
    init(_ tokens: [(id: Int32, bytes: ArraySlice<UInt8>)]) {
        /// Nodes from the root to the last one.
        var path: [Int] = []
        var previous: ArraySlice<UInt8> = []
        for (id, bytes) in tokens.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            let common = zip(previous, bytes).prefix { $0 == $1 }.count
            while path.count > common { nodes[path.removeLast()].after = Int32(nodes.count) }
            for byte in bytes.dropFirst(common) {
                path.append(nodes.count)
                nodes.append(Node(byte: byte, depth: UInt16(path.count), token: -1, after: 0))
            }
            if let last = path.last { nodes[last].token = id }
            previous = bytes
            longest = max(longest, bytes.count)
        }
        while let node = path.popLast() { nodes[node].after = Int32(nodes.count) }
    }

    /// The longest token that a text begins with, and its bytes.
    func longestToken(in text: ArraySlice<UInt8>) -> (id: Int32, count: Int)? {
        var longest: (id: Int32, count: Int)?
        var (index, end) = (0, nodes.count)
        for (count, byte) in text.enumerated() {
            while index < end, nodes[index].byte != byte { index = Int(nodes[index].after) }
            guard index < end else { break }
            if nodes[index].token >= 0 { longest = (nodes[index].token, count + 1) }
            (index, end) = (index + 1, Int(nodes[index].after))
        }
        return longest
    }

    /// Some token below a node, which has the node's bytes before its own.
    func token(below node: Int32) -> Int32 {
        var below = Int(node)
        while nodes[below].token < 0 { below += 1 }
        return nodes[below].token
    }
}
