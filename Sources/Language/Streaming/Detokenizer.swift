/// Token ids to text, one stream at a time. What comes out is complete UTF-8: bytes of a character that is still
/// being written wait for the rest; bytes that can never become one come out as U+FFFD.
package struct Detokenizer: Sendable {
    private let vocabulary: Vocabulary
    private let skipsSpecial: Bool
    private let shown: Int32?
    /// At most three bytes, the start of a character.
    private var pending: [UInt8] = []

    /// - Parameter shown: a control token that is text all the same.
    package init(_ vocabulary: Vocabulary, skipsSpecial: Bool = true, shown: Int32? = nil) {
        self.vocabulary = vocabulary
        self.skipsSpecial = skipsSpecial
        self.shown = shown
    }

    /// No part of a character waits for the rest.
    package var isWhole: Bool { pending.isEmpty }

    /// The text that this token completes; empty for control tokens unless they were asked for, and for ids outside
    /// the vocabulary.
    package mutating func push(_ id: Int32) -> String {
        if skipsSpecial, id != shown, vocabulary.isSpecial(id) { return "" }
        pending.append(contentsOf: vocabulary.bytes(of: id))
        let complete = pending.count - UTF8Scanner.incompleteSuffix(of: pending)
        let text = String(decoding: pending[..<complete], as: UTF8.self)
        pending.removeFirst(complete)
        return text
    }

    /// The end of the stream: a character left incomplete is one U+FFFD.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return pending.isEmpty ? "" : "\u{FFFD}"
    }
}
