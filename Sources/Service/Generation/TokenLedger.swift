import Engine
import Language
import OpenAI

/// Which tokens the text that has been passed on was made of. Text comes out later than its tokens come in: when its
/// characters are whole, and when it can no longer begin a stop string.
struct TokenLedger {
    private struct Entry {
        let item: LogprobItem
        /// In bytes of the text. The end is not known while the last character is incomplete.
        let start: Int
        var end: Int?
    }

    private var entries: [Entry] = []
    private var written = (bytes: 0, characters: 0)
    private var released = 0

    /// Where the next token begins, in characters.
    var offset: Int { written.characters }

    /// So many characters of other text come first.
    mutating func begin(at offset: Int) { written.characters = offset }

    /// A token that completed `text`; with `isWhole` no part of a character is left over.
    mutating func append(_ item: LogprobItem, text: String, isWhole: Bool) {
        entries.append(Entry(item: item, start: written.bytes))
        write(text, isWhole: isWhole)
    }

    /// The text of a last character that stayed incomplete.
    mutating func close(_ text: String) { write(text, isWhole: true) }

    private mutating func write(_ text: String, isWhole: Bool) {
        written.bytes += text.utf8.count
        written.characters += text.unicodeScalars.count
        guard isWhole else { return }
        for index in entries.indices.reversed() {
            guard entries[index].end == nil else { return }
            entries[index].end = written.bytes
        }
    }

    /// The tokens whose text has now been passed on to its end.
    mutating func release(_ text: String) -> [LogprobItem] {
        released += text.utf8.count
        let count = entries.prefix { $0.end.map { $0 <= released } ?? false }.count
        defer { entries.removeFirst(count) }
        return entries.prefix(count).map(\.item)
    }

    /// The end of the text: of what is left the tokens that have given a part of it. Those of a stop string have not.
    mutating func finish() -> [LogprobItem] {
        defer { entries = [] }
        return entries.prefix { $0.start < released || $0.end == released }.map(\.item)
    }
}

extension LogprobItem.Candidate {
    init(_ id: Int32, _ logprob: Float?, _ vocabulary: Vocabulary) {
        self.init(
            id: id, bytes: Array(vocabulary.bytes(of: id)), isControl: vocabulary.isSpecial(id), logprob: logprob)
    }
}

extension LogprobItem {
    /// A sampled or scored token.
    init(_ token: SampledToken, offset: Int, _ vocabulary: Vocabulary) {
        self.init(
            token: Candidate(token.id, token.logprob, vocabulary),
            top: token.top.map { Candidate($0.id, $0.logprob, vocabulary) }, offset: offset)
    }
}
