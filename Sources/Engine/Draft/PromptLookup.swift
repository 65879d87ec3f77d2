/// Guesses how a text goes on: as it did where its last tokens stood before (prompt lookup decoding, Saxena 2023). Lists,
/// code, quotations and tool calls repeat themselves and their prompts.
///
/// Of one request; it learns from what became of its guesses how far to guess.
package struct PromptLookup: Sendable {
    /// Last tokens that must stand somewhere before; fewer say too little.
    private static let least = 2
    /// As many are enough to look no further.
    private static let enough = 5
    /// How far back to look.
    private static let window = 8192

    private var length = DraftLength(first: 3)

    package init() {}

    /// At most `limit` tokens that may follow; often none.
    package mutating func draft(_ tokens: [Int32], limit: Int) -> [Int32] {
        let count = min(limit, length.next())
        guard count > 0, let start = Self.continuation(of: tokens) else { return [] }
        var draft: [Int32] = []
        // What is guessed may be part of what it repeats.
        for place in start..<start + count {
            draft.append(place < tokens.count ? tokens[place] : draft[place - tokens.count])
        }
        return draft
    }

    /// Takes note of how many tokens of a guess were right.
    package mutating func learn(accepted: Int, of count: Int) { length.learn(accepted: accepted, of: count) }

    /// Behind the place where most of the last tokens stood before, the latest of equals.
    private static func continuation(of tokens: [Int32]) -> Int? {
        tokens.withUnsafeBufferPointer { tokens in
            let end = tokens.count - 1
            guard end >= least else { return nil }
            var (best, place) = (least - 1, nil as Int?)
            for last in stride(from: end - 1, through: max(best, end - window), by: -1)
            where tokens[last] == tokens[end] {
                var length = 1
                while length < enough, length <= last, tokens[last - length] == tokens[end - length] { length += 1 }
                if length > best { (best, place) = (length, last + 1) }
                if best >= enough { break }
            }
            return place
        }
    }
}
