/// `tojson` as Hugging Face has it: Python's `json.dumps` with `ensure_ascii=False`, so nothing is escaped for HTML.
struct ValueJSONWriter {
    struct Options {
        var isASCII = false
        /// One level of indentation; nil writes one line.
        var indentation: String?
        var itemSeparator = ", "
        var keySeparator = ": "
        var sortsKeys = false
    }

    private let options: Options
    private var bytes: [UInt8] = []
    private var holdsData = false
    private var depth = 0
    private var failure: String?

    /// The text, data as soon as any of it came from a request; or why there is none.
    static func write(_ value: TemplateValue, _ options: Options) -> Result<MarkedText, Failure> {
        var writer = ValueJSONWriter(options)
        writer.write(value)
        if let failure = writer.failure { return .failure(Failure(reason: failure)) }
        return .success(MarkedText(bytes: writer.bytes, writer.holdsData ? .data : .template))
    }

    struct Failure: Error { let reason: String }

    private init(_ options: Options) { self.options = options }

    private mutating func raw(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }

    private mutating func write(_ value: TemplateValue) {
        guard failure == nil, bytes.count <= Renderer.Budget.outputBytes else { return }
        depth += 1
        defer { depth -= 1 }
        guard depth <= ValuePrinter.depthLimit else {
            failure = "Circular reference detected"
            return
        }
        switch value {
        case .none: raw("null")
        case .bool(let bool): raw(bool ? "true" : "false")
        case .integer(let integer): raw(String(integer))
        case .double(let double): write(double)
        case .string(let text): write(text)
        case .list(let list): write(list.items)
        case .dictionary(let dictionary): write(dictionary)
        default: failure = "Object of type \(value.typeName) is not JSON serializable"
        }
    }

    private mutating func write(_ double: Double) {
        if double.isNaN { return raw("NaN") }
        raw(double.isInfinite ? (double < 0 ? "-Infinity" : "Infinity") : ValuePrinter.text(of: double))
    }

    private mutating func write(_ items: [TemplateValue]) {
        raw("[")
        for (position, item) in items.enumerated() {
            breakLine(position > 0, depth)
            write(item)
        }
        if !items.isEmpty { breakLine(false, depth - 1) }
        raw("]")
    }

    private mutating func write(_ dictionary: TemplateDictionary) {
        var entries = dictionary.entries
        if options.sortsKeys {
            entries.sort { ValuePrinter.string(of: $0.key).string < ValuePrinter.string(of: $1.key).string }
        }
        raw("{")
        for (position, entry) in entries.enumerated() {
            breakLine(position > 0, depth)
            if case .string(let name) = entry.key {
                write(name)
            } else {
                raw("\"")
                write(entry.key)
                raw("\"")
            }
            raw(options.keySeparator)
            write(entry.value)
        }
        if !entries.isEmpty { breakLine(false, depth - 1) }
        raw("}")
    }

    private mutating func breakLine(_ isSeparated: Bool, _ level: Int) {
        if isSeparated { raw(options.itemSeparator) }
        guard let indentation = options.indentation else { return }
        raw("\n" + String(repeating: indentation, count: level))
    }

    private mutating func write(_ text: MarkedText) {
        holdsData = holdsData || text.holdsData
        raw("\"")
        for scalar in text.string.unicodeScalars {
            switch scalar {
            case "\"": raw("\\\"")
            case "\\": raw("\\\\")
            case "\n": raw("\\n")
            case "\r": raw("\\r")
            case "\t": raw("\\t")
            case "\u{8}": raw("\\b")
            case "\u{C}": raw("\\f")
            case "\u{0}"..."\u{1F}": escape(UInt16(scalar.value))
            default:
                if options.isASCII, scalar.value > 0x7E {
                    for unit in String(scalar).utf16 { escape(unit) }
                } else {
                    raw(String(scalar))
                }
            }
        }
        raw("\"")
    }

    private mutating func escape(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        raw("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
