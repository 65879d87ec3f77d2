/// Cuts text into the pieces that are encoded one by one, as the Llama 3 pattern does:
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
///         |\s*[\r\n]+|\s+(?!\S)|\s+
///
/// A scanner by hand: time is linear in the text whatever the text, and the ranges cover every byte. A byte that
/// is not part of valid UTF-8 counts as one symbol. Lives no longer than the buffer it reads.
package struct PieceSplitter: ~Copyable {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let classes = UnicodeClassTable.shared
    private var position = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// A code point, its class and the position behind it.
    private struct Symbol {
        let value: UInt32
        let kind: UnicodeClass
        let end: Int

        var isLineBreak: Bool { value == 0x0A || value == 0x0D }
    }

    /// The next piece, nil at the end of the text.
    package mutating func next() -> Range<Int>? {
        guard let first = symbol(at: position) else { return nil }
        let start = position
        position = end(ofPieceAt: start, first)
        return start..<position
    }

    private func end(ofPieceAt start: Int, _ first: Symbol) -> Int {
        if first.value == 0x27, let end = endOfContraction(after: first.end) { return end }
        switch first.kind {
        case .letter: return endOfRun(of: .letter, from: first.end)
        case .number: return endOfNumber(from: first.end)
        case .other, .space: break
        }
        guard let second = symbol(at: first.end) else { return first.end }
        if second.kind == .letter, !first.isLineBreak { return endOfRun(of: .letter, from: second.end) }
        if first.kind == .other { return endOfSymbols(from: first.end) }
        if first.value == 0x20, second.kind == .other { return endOfSymbols(from: second.end) }
        return endOfSpace(from: start)
    }

    /// Case folding is Unicode's: U+017F, the long s, folds to "s".
    private func endOfContraction(after apostrophe: Int) -> Int? {
        guard let first = symbol(at: apostrophe) else { return nil }
        switch lowercase(first.value) {
        case UInt32(UInt8(ascii: "s")), UInt32(UInt8(ascii: "t")), UInt32(UInt8(ascii: "m")), UInt32(UInt8(ascii: "d")):
            return first.end
        case UInt32(UInt8(ascii: "r")), UInt32(UInt8(ascii: "v")):
            return end(of: UInt8(ascii: "e"), at: first.end)
        case UInt32(UInt8(ascii: "l")):
            return end(of: UInt8(ascii: "l"), at: first.end)
        default: return nil
        }
    }

    private func end(of letter: UInt8, at position: Int) -> Int? {
        guard let symbol = symbol(at: position), lowercase(symbol.value) == UInt32(letter) else { return nil }
        return symbol.end
    }

    private func lowercase(_ value: UInt32) -> UInt32 {
        switch value {
        case 0x41...0x5A: value | 0x20
        case 0x17F: 0x73
        default: value
        }
    }

    private func endOfRun(of kind: UnicodeClass, from start: Int) -> Int {
        var end = start
        while let symbol = symbol(at: end), symbol.kind == kind { end = symbol.end }
        return end
    }

    /// At most three digits.
    private func endOfNumber(from second: Int) -> Int {
        var end = second
        for _ in 0..<2 {
            guard let symbol = symbol(at: end), symbol.kind == .number else { break }
            end = symbol.end
        }
        return end
    }

    /// Symbols and the line breaks behind them.
    private func endOfSymbols(from start: Int) -> Int {
        var end = endOfRun(of: .other, from: start)
        while let symbol = symbol(at: end), symbol.isLineBreak { end = symbol.end }
        return end
    }

    /// White space up to its last line break; without one, all but the last symbol, which belongs to the word
    /// behind it, unless the text ends there or there is only one.
    private func endOfSpace(from start: Int) -> Int {
        var end = start
        var last = start
        var endOfBreaks: Int?
        while let symbol = symbol(at: end), symbol.kind == .space {
            last = end
            end = symbol.end
            if symbol.isLineBreak { endOfBreaks = end }
        }
        if let endOfBreaks { return endOfBreaks }
        return end == bytes.count || last == start ? end : last
    }

    private func symbol(at position: Int) -> Symbol? {
        guard position < bytes.count else { return nil }
        let first = bytes[position]
        let value: UInt32
        let length: Int
        if first < 0x80 {
            (value, length) = (UInt32(first), 1)
        } else {
            (value, length) = UTF8Scanner.scalar(in: bytes, at: position)
        }
        return Symbol(value: value, kind: classes[value], end: position + length)
    }
}
