/// Appends JSON text to a byte buffer: values, or piece by piece where a hot path writes its own frame.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Text that is JSON already, such as a name with its colon.
    package mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ value: JSONValue) {
        switch value {
        case .null: raw("null")
        case .bool(let bool): bytes.append(contentsOf: (bool ? "true" : "false").utf8)
        case .integer(let integer): bytes.append(contentsOf: String(integer).utf8)
        case .number(let number): write(number)
        case .string(let string): write(string)
        case .array(let elements): write(elements)
        case .object(let object): write(object)
        }
    }

    /// JSON has no infinities and no NaN; they come out as null, as in ECMAScript.
    private mutating func write(_ number: Double) {
        bytes.append(contentsOf: (number.isFinite ? number.description : "null").utf8)
    }

    private mutating func write(_ elements: [JSONValue]) {
        raw("[")
        for (position, element) in elements.enumerated() {
            if position > 0 { raw(",") }
            write(element)
        }
        raw("]")
    }

    private mutating func write(_ object: JSONObject) {
        raw("{")
        for (position, member) in object.members.enumerated() {
            if position > 0 { raw(",") }
            write(member.name)
            raw(":")
            write(member.value)
        }
        raw("}")
    }

    /// A quoted string. U+0085, U+2028 and U+2029 are escaped too: some event-stream readers split lines on them.
    package mutating func write(_ string: String) {
        raw("\"")
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": raw("\\\"")
            case "\\": raw("\\\\")
            case "\n": raw("\\n")
            case "\r": raw("\\r")
            case "\t": raw("\\t")
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}": escape(scalar)
            default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        raw("\"")
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        let digits = String(scalar.value, radix: 16)
        bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
    }
}

extension JSONValue {
    /// The value as compact JSON text.
    package var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }
}
