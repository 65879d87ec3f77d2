/// Source to tokens as Jinja reads it with trim_blocks and lstrip_blocks on and keep_trailing_newline off: a line
/// break behind a block tag and the blanks before it on its line are not text, nor is the template's last line break.
struct TemplateLexer {
    private let source: [UInt8]
    private var position = 0
    private var line = 1
    private var tokens: [TemplateToken] = []

    init(_ source: [UInt8]) {
        self.source = Self.withUnixLineBreaks(source)
    }

    /// Jinja reads every kind of line break as "\n".
    private static func withUnixLineBreaks(_ source: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(source.count)
        for (position, byte) in source.enumerated() {
            if byte != 0x0D {
                result.append(byte)
            } else if position + 1 == source.count || source[position + 1] != 0x0A {
                result.append(0x0A)
            }
        }
        if result.last == 0x0A { result.removeLast() }
        return result
    }

    mutating func tokenize() throws(TemplateError) -> [TemplateToken] {
        while position < source.count { try readText() }
        emit(.end)
        return tokens
    }

    private mutating func emit(_ kind: TemplateToken.Kind) { tokens.append(TemplateToken(kind: kind, line: line)) }

    private func error(_ reason: String) -> TemplateError { .syntax(line: line, reason: reason) }

    private func byte(at position: Int) -> UInt8? { position < source.count ? source[position] : nil }

    private func matches(_ text: StaticString, at start: Int) -> Bool {
        guard start >= 0, source.count - start >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount where source[start + offset] != text.utf8Start[offset] { return false }
        return true
    }

    private mutating func advance(to end: Int) {
        for index in position..<end where source[index] == 0x0A { line += 1 }
        position = end
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private func endOfSpace(from start: Int) -> Int {
        var end = start
        while let byte = byte(at: end), Self.isSpace(byte) { end += 1 }
        return end
    }

    // MARK: Text

    /// Text up to the next tag, then the tag.
    private mutating func readText() throws(TemplateError) {
        var tag = position
        while tag < source.count, !(matches("{%", at: tag) || matches("{{", at: tag) || matches("{#", at: tag)) {
            tag += 1
        }
        emitText(upTo: tag)
        guard tag < source.count else { return }
        let hasSign = byte(at: tag + 2) == UInt8(ascii: "-") || byte(at: tag + 2) == UInt8(ascii: "+")
        let inside = tag + (hasSign ? 3 : 2)
        switch source[tag + 1] {
        case UInt8(ascii: "#"):
            try skipComment(from: inside)
        case UInt8(ascii: "{"):
            emit(.beginOutput)
            advance(to: inside)
            try readTag(closing: "}}", end: .endOutput)
        default:
            if let end = endOfRawTag(at: inside) {
                advance(to: end)
                try readRaw()
            } else {
                emit(.beginBlock)
                advance(to: inside)
                try readTag(closing: "%}", end: .endBlock)
            }
        }
    }

    private mutating func emitText(upTo tag: Int) {
        var end = tag
        switch byte(at: tag + 2) {
        case _ where tag == source.count: break
        case UInt8(ascii: "-"):
            while end > position, Self.isSpace(source[end - 1]) { end -= 1 }
        case UInt8(ascii: "+"): break
        default:
            if source[tag + 1] != UInt8(ascii: "{") { end = startOfBlanks(before: tag) }
        }
        if end > position { emit(.text(Array(source[position..<end]))) }
        advance(to: tag)
    }

    /// Start of the blanks between the line's start and a tag; the tag where something else stands between.
    private func startOfBlanks(before tag: Int) -> Int {
        var start = tag
        while start > position, source[start - 1] != 0x0A {
            guard Self.isSpace(source[start - 1]) else { return tag }
            start -= 1
        }
        return start == 0 || source[start - 1] == 0x0A ? start : tag
    }

    /// Behind a tag that ends before `end`: `-` takes all white space, a block's or comment's end one line break.
    private mutating func finishTag(at end: Int, sign: UInt8?, trimsLine: Bool) {
        if sign == UInt8(ascii: "-") {
            advance(to: endOfSpace(from: end))
        } else if trimsLine, sign != UInt8(ascii: "+"), byte(at: end) == 0x0A {
            advance(to: end + 1)
        } else {
            advance(to: end)
        }
    }

    private mutating func skipComment(from inside: Int) throws(TemplateError) {
        var end = inside
        while end < source.count, !matches("#}", at: end) { end += 1 }
        guard end < source.count else { throw error("Missing end of comment tag") }
        let sign = end > inside ? source[end - 1] : nil
        finishTag(at: end + 2, sign: sign, trimsLine: true)
    }

    // MARK: Raw

    private func endOfRawTag(at inside: Int) -> Int? {
        let word = endOfSpace(from: inside)
        guard matches("raw", at: word) else { return nil }
        let closing = endOfSpace(from: word + 3)
        if matches("-%}", at: closing) { return endOfSpace(from: closing + 3) }
        return matches("%}", at: closing) ? closing + 2 : nil
    }

    private mutating func readRaw() throws(TemplateError) {
        var tag = position
        while tag < source.count {
            if matches("{%", at: tag) {
                let hasSign = byte(at: tag + 2) == UInt8(ascii: "-") || byte(at: tag + 2) == UInt8(ascii: "+")
                let word = endOfSpace(from: tag + (hasSign ? 3 : 2))
                let closing = endOfSpace(from: word + 6)
                if matches("endraw", at: word), let end = endOfClosing("%}", at: closing) {
                    emitText(upTo: tag)
                    finishTag(at: end, sign: source[closing], trimsLine: true)
                    return
                }
            }
            tag += 1
        }
        throw error("Missing end of raw directive")
    }

    private func endOfClosing(_ closing: StaticString, at start: Int) -> Int? {
        if matches(closing, at: start) { return start + 2 }
        let isSigned = byte(at: start) == UInt8(ascii: "-") || byte(at: start) == UInt8(ascii: "+")
        return isSigned && matches(closing, at: start + 1) ? start + 3 : nil
    }

    // MARK: Inside a tag

    private static let symbols: [StaticString] = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";",
    ]

    private mutating func readTag(closing: StaticString, end kind: TemplateToken.Kind) throws(TemplateError) {
        var brackets = 0
        while true {
            advance(to: endOfSpace(from: position))
            guard let first = byte(at: position) else { throw error("unexpected end of template") }
            if brackets == 0, let end = endOfClosing(closing, at: position) {
                // Jinja knows no plus sign before "}}".
                guard !(first == UInt8(ascii: "+") && kind == .endOutput) else { throw error("unexpected '+'") }
                emit(kind)
                finishTag(at: end, sign: first, trimsLine: kind == .endBlock)
                return
            }
            try readToken(first, &brackets)
        }
    }

    private mutating func readToken(_ first: UInt8, _ brackets: inout Int) throws(TemplateError) {
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): readName()
        case UInt8(ascii: "0")...UInt8(ascii: "9"): try readNumber()
        case UInt8(ascii: "'"), UInt8(ascii: "\""): try readString(quote: first)
        default:
            guard let symbol = Self.symbols.first(where: { matches($0, at: position) }) else {
                throw error("unexpected character \(Character(Unicode.Scalar(first)))")
            }
            switch first {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard brackets > 0 else { throw error("unexpected '\(symbol)'") }
                brackets -= 1
            default: break
            }
            emit(.symbol("\(symbol)"))
            advance(to: position + symbol.utf8CodeUnitCount)
        }
    }

    private mutating func readName() {
        var end = position
        while let byte = byte(at: end), Self.isWord(byte) { end += 1 }
        emit(.name(String(decoding: source[position..<end], as: UTF8.self)))
        position = end
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Decimal integers and doubles; digits may be grouped by underscores.
    private mutating func readNumber() throws(TemplateError) {
        var end = position
        var text: [UInt8] = []
        var isWhole = true
        while let byte = byte(at: end) {
            let next = self.byte(at: end + 1) ?? 0
            let nextIsDigit = (0x30...0x39).contains(next)
            switch byte {
            case 0x30...0x39: break
            case UInt8(ascii: "_") where nextIsDigit:
                end += 1
                continue
            case UInt8(ascii: ".") where nextIsDigit && isWhole: isWhole = false
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                guard nextIsDigit || next == UInt8(ascii: "-") || next == UInt8(ascii: "+") else { break }
                isWhole = false
                text.append(byte)
                end += 1
            default:
                try emitNumber(text, isWhole: isWhole)
                position = end
                return
            }
            text.append(source[end])
            end += 1
        }
        throw error("unexpected end of template")
    }

    private mutating func emitNumber(_ bytes: [UInt8], isWhole: Bool) throws(TemplateError) {
        let text = String(decoding: bytes, as: UTF8.self)
        if isWhole, let value = Int(text) {
            emit(.integer(value))
        } else if !isWhole, let value = Double(text) {
            emit(.double(value))
        } else {
            throw error("number \(text.prefix(40)) is out of range")
        }
    }

    private mutating func readString(quote: UInt8) throws(TemplateError) {
        var end = position + 1
        while let byte = byte(at: end), byte != quote { end += byte == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < source.count else { throw error("unexpected end of a string") }
        var unescaper = StringUnescaper(source[(position + 1)..<end])
        guard let text = unescaper.unescape() else { throw error("invalid escape in a string") }
        emit(.string(text))
        advance(to: end + 1)
    }
}
