/// Text to token ids. Never fails: any bytes have ids. A value, safe on any thread.
package struct Tokenizer: Sendable {
    package let vocabulary: Vocabulary

    package init(_ vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
    }

    /// Ids of a text. With `allowsSpecial` the texts of control tokens become those tokens; else they are ordinary
    /// text, as everything from a user must be. Adds no begin token.
    package func encode(_ text: String, allowsSpecial: Bool = false) -> [Int32] {
        encode(MarkedText(text, allowsSpecial ? .template : .data))
    }

    /// Ids of a completion prompt: ordinary text behind the begin token, where the model wants one.
    package func encodePrompt(_ text: String, allowsSpecial: Bool = false) -> [Int32] {
        withBegin(encode(text, allowsSpecial: allowsSpecial))
    }

    /// The ids behind the begin token, unless they have it or the model wants none.
    package func withBegin(_ ids: [Int32]) -> [Int32] {
        guard vocabulary.addsBegin, let begin = vocabulary.beginID, ids.first != begin else { return ids }
        return [begin] + ids
    }

    /// Ids of a rendered template. Only its own text makes control tokens; everything between two of them is split
    /// as one text, whatever its origin. A template that writes the begin token twice gets it once.
    package func encode(_ text: MarkedText) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count / 3)
        var encoder = BytePairEncoder(vocabulary)
        text.bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            for special in specials(in: bytes, text.runs) {
                encodePlain(UnsafeBufferPointer(rebasing: bytes[start..<special.range.lowerBound]), &encoder, &ids)
                let isSecondBegin = ids.count == 1 && ids.first == special.id && special.id == vocabulary.beginID
                if !isSecondBegin { ids.append(special.id) }
                start = special.range.upperBound
            }
            encodePlain(UnsafeBufferPointer(rebasing: bytes[start...]), &encoder, &ids)
        }
        return ids
    }

    /// The text of some tokens, control tokens by their name; U+FFFD for bytes that are no characters.
    package func decode(_ ids: some Sequence<Int32>, skipsSpecial: Bool = false) -> String {
        var detokenizer = Detokenizer(vocabulary, skipsSpecial: skipsSpecial)
        return ids.reduce(into: "") { $0 += detokenizer.push($1) } + detokenizer.finish()
    }

    private func encodePlain(
        _ bytes: UnsafeBufferPointer<UInt8>, _ encoder: inout BytePairEncoder, _ ids: inout [Int32]
    ) {
        var splitter = PieceSplitter(bytes)
        while let piece = splitter.next() { encoder.encode(UnsafeBufferPointer(rebasing: bytes[piece]), into: &ids) }
    }

    private typealias SpecialMatch = (range: Range<Int>, id: Int32)

    /// Control tokens in the template's own text: leftmost first, the longest of those that start there.
    private func specials(in bytes: UnsafeBufferPointer<UInt8>, _ runs: [MarkedText.Run]) -> [SpecialMatch] {
        var matches: [SpecialMatch] = []
        var position = 0
        for run in runs {
            if run.origin == .template {
                while position < run.end {
                    guard let match = special(at: position, before: run.end, in: bytes) else {
                        position += 1
                        continue
                    }
                    matches.append(match)
                    position = match.range.upperBound
                }
            }
            position = run.end
        }
        return matches
    }

    private func special(at start: Int, before end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> SpecialMatch? {
        guard vocabulary.startsSpecial(bytes[start]) else { return nil }
        for length in vocabulary.specialLengths where length <= end - start {
            let range = start..<start + length
            if let position = vocabulary.specials.id(of: UnsafeBufferPointer(rebasing: bytes[range])) {
                return (range, vocabulary.specialIDs[Int(position)])
            }
        }
        return nil
    }
}
