extension MarkedText {
    /// What Python's `str.strip` takes: Unicode's white space and the four ASCII separators.
    static func isPythonSpace(_ scalar: UInt32) -> Bool {
        (0x1C...0x1F).contains(scalar) || UnicodeClassTable.shared[scalar] == .space
    }

    /// Byte offsets where code points start, and the end.
    var scalarOffsets: [Int] {
        var offsets = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
        offsets.append(bytes.count)
        return offsets
    }

    /// Without the code points of `characters` (nil: white space) at the chosen ends.
    func trimmed(_ characters: MarkedText?, leading: Bool = true, trailing: Bool = true) -> MarkedText {
        let taken = characters.map { Set($0.string.unicodeScalars.map(\.value)) }
        func isTaken(_ scalar: UInt32) -> Bool { taken?.contains(scalar) ?? Self.isPythonSpace(scalar) }
        var start = 0
        var end = bytes.count
        bytes.withUnsafeBufferPointer { buffer in
            while leading, start < end {
                let (scalar, length) = UTF8Scanner.scalar(in: buffer, at: start)
                guard isTaken(scalar) else { break }
                start += length
            }
            while trailing, end > start {
                var last = end - 1
                while last > start, buffer[last] & 0xC0 == 0x80 { last -= 1 }
                guard isTaken(UTF8Scanner.scalar(in: buffer, at: last).value) else { break }
                end = last
            }
        }
        return self[start..<end]
    }

    func hasPrefix(_ other: MarkedText) -> Bool { bytes.starts(with: other.bytes) }

    func hasSuffix(_ other: MarkedText) -> Bool {
        bytes.count >= other.bytes.count && bytes.suffix(other.bytes.count).elementsEqual(other.bytes)
    }

    /// Offset of the first occurrence at or behind `start`. Knuth, Morris and Pratt's search: linear where the plain
    /// one is quadratic, on a long run of one letter.
    func firstOffset(of other: MarkedText, from start: Int = 0) -> Int? {
        let part = other.bytes
        guard !part.isEmpty else { return start }
        guard bytes.count - start >= part.count else { return nil }
        let borders = Self.borders(of: part)
        var matched = 0
        for position in start..<bytes.count {
            while matched > 0, part[matched] != bytes[position] { matched = borders[matched - 1] }
            if part[matched] == bytes[position] { matched += 1 }
            if matched == part.count { return position + 1 - part.count }
        }
        return nil
    }

    /// For each prefix the length of its longest proper end that is its start too.
    private static func borders(of part: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: part.count)
        var length = 0
        for position in part.indices.dropFirst() {
            while length > 0, part[length] != part[position] { length = borders[length - 1] }
            if part[length] == part[position] { length += 1 }
            borders[position] = length
        }
        return borders
    }

    /// Pieces between occurrences of a separator that is not empty, at most `limit` cuts.
    func split(_ separator: MarkedText, limit: Int = .max) -> [MarkedText] {
        var pieces: [MarkedText] = []
        var start = 0
        while pieces.count < limit, let found = firstOffset(of: separator, from: start) {
            pieces.append(self[start..<found])
            start = found + separator.bytes.count
        }
        pieces.append(self[start..<bytes.count])
        return pieces
    }

    /// Words between white space.
    func splitAtSpace(limit: Int = .max) -> [MarkedText] {
        var words: [MarkedText] = []
        var rest = trimmed(nil, trailing: false)
        while !rest.isEmpty {
            let offsets = rest.scalarOffsets
            let end = rest.bytes.withUnsafeBufferPointer { buffer in
                offsets.dropLast().first { Self.isPythonSpace(UTF8Scanner.scalar(in: buffer, at: $0).value) }
            }
            guard words.count < limit, let end else {
                words.append(words.count < limit ? rest : rest.trimmed(nil, leading: false))
                return words
            }
            words.append(rest[0..<end])
            rest = rest[end..<rest.count].trimmed(nil, trailing: false)
        }
        return words
    }

    static func joined(_ pieces: [MarkedText], separator: MarkedText) -> MarkedText {
        var result = MarkedText()
        for (position, piece) in pieces.enumerated() {
            if position > 0 { result.append(separator) }
            result.append(piece)
        }
        return result
    }

    /// The text with every code point replaced; each keeps its origin.
    func mapScalars(_ transform: (Unicode.Scalar) -> String) -> MarkedText {
        var result = MarkedText()
        var start = 0
        for run in runs {
            var text = ""
            for scalar in String(decoding: bytes[start..<run.end], as: UTF8.self).unicodeScalars {
                text += transform(scalar)
            }
            result.append(text.utf8, run.origin)
            start = run.end
        }
        return result
    }

    var uppercased: MarkedText { mapScalars { $0.properties.uppercaseMapping } }
    var lowercased: MarkedText { mapScalars { $0.properties.lowercaseMapping } }

    var capitalized: MarkedText {
        var isFirst = true
        return mapScalars { scalar in
            defer { isFirst = false }
            return isFirst ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
        }
    }

    /// First letter of each word upper, the rest lower, where `startsWord` says what a letter follows.
    func titled(startsWord: (Unicode.Scalar) -> Bool) -> MarkedText {
        var isStart = true
        return mapScalars { scalar in
            defer { isStart = startsWord(scalar) }
            return isStart ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
        }
    }
}
