import JSON

/// Reads calls in Python's words whose arguments are named literals: `[f(a='x', b=[1, None]), g()]`, `f.call(query="x")`.
struct PythonCalls {
    /// Lists and dictionaries inside one another.
    private static let depthLimit = 64

    private struct Malformed: Error {}

    private var reader: PrefixReader
    private let names: Set<String>

    /// Nil for all else.
    ///
    /// - Parameter text: the whole of it, without anything behind.
    static func read(_ text: ArraySlice<UInt8>, names: Set<String>) -> [(name: String, arguments: JSONObject)]? {
        var calls = PythonCalls(reader: PrefixReader(text), names: names)
        let isList = text.first == UInt8(ascii: "[")
        guard let found = try? isList ? calls.list(from: "[", to: "]", Self.call) : [calls.call()] else { return nil }
        return calls.reader.rest.isEmpty ? found : nil
    }

    private mutating func takes(_ text: String) -> Bool { (try? reader.take(text)) ?? false }

    private mutating func expect(_ text: String) throws(Malformed) {
        guard takes(text) else { throw Malformed() }
    }

    /// Elements with commas between them, and perhaps behind the last.
    private mutating func list<Element>(
        from open: String, to close: String, _ element: (inout PythonCalls) throws(Malformed) -> Element
    ) throws(Malformed) -> [Element] {
        try expect(open)
        var elements: [Element] = []
        while true {
            reader.skipSpace()
            if takes(close) { return elements }
            elements.append(try element(&self))
            reader.skipSpace()
            if !takes(",") {
                try expect(close)
                return elements
            }
        }
    }

    private static func call(_ calls: inout PythonCalls) throws(Malformed) -> (name: String, arguments: JSONObject) {
        try calls.call()
    }

    private mutating func call() throws(Malformed) -> (name: String, arguments: JSONObject) {
        guard let name = try? reader.word(of: names) else { throw Malformed() }
        _ = takes(".call")
        var arguments = JSONObject()
        for (name, value) in try list(from: "(", to: ")", { calls throws(Malformed) in try calls.argument() }) {
            guard arguments[name] == nil else { throw Malformed() }
            arguments[name] = value
        }
        return (name, arguments)
    }

    private mutating func argument() throws(Malformed) -> (String, JSONValue) {
        let name = identifier()
        reader.skipSpace()
        try expect("=")
        reader.skipSpace()
        guard !name.isEmpty else { throw Malformed() }
        return (name, try value(depth: 0))
    }

    /// Empty where none comes next.
    private mutating func identifier() -> String {
        take { PrefixReader.isNameByte($0) && $0 != UInt8(ascii: "-") }
    }

    private mutating func take(while test: (UInt8) -> Bool) -> String {
        let bytes = reader.rest.prefix(while: test)
        reader = PrefixReader(reader.rest[bytes.endIndex...])
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        guard depth < Self.depthLimit, let first = reader.rest.first else { throw Malformed() }
        switch first {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "["):
            return .array(try list(from: "[", to: "]") { calls throws(Malformed) in try calls.value(depth: depth + 1) })
        case UInt8(ascii: "{"): return .object(try dictionary(depth: depth + 1))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: return try constant()
        }
    }

    private mutating func dictionary(depth: Int) throws(Malformed) -> JSONObject {
        var object = JSONObject()
        let members = try list(from: "{", to: "}") { calls throws(Malformed) -> (String, JSONValue) in
            let name = try calls.string()
            calls.reader.skipSpace()
            try calls.expect(":")
            calls.reader.skipSpace()
            return (name, try calls.value(depth: depth))
        }
        for (name, value) in members { object[name] = value }
        return object
    }

    private mutating func number() throws(Malformed) -> JSONValue {
        let digits = take { "+-.0123456789eE".utf8.contains($0) }
        guard let value = try? JSONValue(parsing: Array(digits.utf8)) else { throw Malformed() }
        return value
    }

    private mutating func constant() throws(Malformed) -> JSONValue {
        switch identifier() {
        case "True", "true": true
        case "False", "false": false
        case "None", "null": .null
        default: throw Malformed()
        }
    }

    private mutating func string() throws(Malformed) -> String {
        guard let quote = reader.rest.first, BracketScanner.Quotes.python.contains(quote) else { throw Malformed() }
        var rest = reader.rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst(), byte != quote {
            if byte == UInt8(ascii: "\\") { Self.escape(&rest, &bytes) } else { bytes.append(byte) }
            if rest.isEmpty { throw Malformed() }
        }
        reader = PrefixReader(rest)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0A, UInt8(ascii: "t"): 0x09, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "\\"): 0x5C,
        UInt8(ascii: "'"): 0x27, UInt8(ascii: "\""): 0x22,
    ]
    private static let digits: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]

    /// What stands behind a backslash. One that escapes nothing stays, as in Python.
    private static func escape(_ rest: inout ArraySlice<UInt8>, _ bytes: inout [UInt8]) {
        guard let byte = rest.first else { return }
        if let plain = escapes[byte] {
            rest = rest.dropFirst()
            bytes.append(plain)
        } else if let count = digits[byte], rest.count > count,
            let code = UInt32(String(decoding: rest.dropFirst().prefix(count), as: UTF8.self), radix: 16)
        {
            rest = rest.dropFirst(count + 1)
            bytes.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        } else {
            bytes.append(UInt8(ascii: "\\"))
        }
    }
}
