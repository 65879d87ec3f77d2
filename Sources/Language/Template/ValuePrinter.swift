/// Values as Python prints them: `str` at the top, `repr` inside lists and dictionaries.
struct ValuePrinter {
    /// Deeper values exist only where a list was appended to itself.
    static let depthLimit = 140

    private(set) var text = MarkedText()
    private var depth = 0

    static func string(of value: TemplateValue) -> MarkedText {
        if case .string(let text) = value { return text }
        if case .undefined = value { return MarkedText() }
        var printer = ValuePrinter()
        printer.write(value)
        return printer.text
    }

    /// Stops soon after the longest text that a renderer takes: a list that holds another twice, and so on, prints
    /// exponentially long.
    private mutating func write(_ value: TemplateValue) {
        guard text.count <= Renderer.Budget.outputBytes else { return }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { return text.append("...") }
        switch value {
        case .undefined: text.append("Undefined")
        case .none: text.append("None")
        case .bool(let bool): text.append(bool ? "True" : "False")
        case .integer(let integer): text.append(String(integer).utf8, .template)
        case .double(let double): text.append(Self.text(of: double).utf8, .template)
        case .string(let string): write(string)
        case .list(let list): write(list)
        case .dictionary(let dictionary): write(dictionary)
        case .namespace: text.append("<Namespace>")
        case .loop: text.append("<LoopContext>")
        case .function, .method: text.append("<function>")
        }
    }

    private mutating func write(_ list: TemplateList) {
        text.append(list.isTuple ? "(" : "[")
        for (position, item) in list.items.enumerated() {
            if position > 0 { text.append(", ") }
            write(item)
        }
        if list.isTuple, list.items.count == 1 { text.append(",") }
        text.append(list.isTuple ? ")" : "]")
    }

    private mutating func write(_ dictionary: TemplateDictionary) {
        text.append("{")
        for (position, entry) in dictionary.entries.enumerated() {
            if position > 0 { text.append(", ") }
            write(entry.key)
            text.append(": ")
            write(entry.value)
        }
        text.append("}")
    }

    /// Python turns to exponents at 1e16; Swift prints the digits up to 2^54.
    static func text(of double: Double) -> String {
        let text = double.description
        guard abs(double) >= 1e16, abs(double) < 0x1p54, text.hasSuffix(".0") else { return text }
        let sign = double < 0 ? "-" : ""
        let digits = Array(text.dropFirst(sign.count).dropLast(2))
        var fraction = digits.dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        let point = fraction.isEmpty ? "" : "." + String(fraction)
        return "\(sign)\(digits[0])\(point)e+\(digits.count - 1)"
    }

    /// In single quotes unless only the text itself has those.
    private mutating func write(_ string: MarkedText) {
        let usesDouble = string.bytes.contains(UInt8(ascii: "'")) && !string.bytes.contains(UInt8(ascii: "\""))
        let quote: Unicode.Scalar = usesDouble ? "\"" : "'"
        text.append(usesDouble ? "\"" : "'")
        text.append(string.bytes.contains { Self.mayNeedEscape($0, quote) } ? Self.escaped(string, quote) : string)
        text.append(usesDouble ? "\"" : "'")
    }

    /// Of bytes that begin no code point that `escaped` changes, as most texts are, none does.
    private static func mayNeedEscape(_ byte: UInt8, _ quote: Unicode.Scalar) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: quote) || byte == 0x7F || byte == 0xC2
    }

    private static func escaped(_ string: MarkedText, _ quote: Unicode.Scalar) -> MarkedText {
        string.mapScalars { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case quote: "\\" + String(quote)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{A0}", "\u{AD}": "\\x" + hexadecimal(scalar, digits: 2)
            default: String(scalar)
            }
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar, digits: Int) -> String {
        let text = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
