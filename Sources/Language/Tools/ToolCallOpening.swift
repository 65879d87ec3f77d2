/// How a call begins in each of the forms that Llama 3 writes:
///
///     {"name": "f", "parameters": {…}}        also with "type": "function" before, and "arguments"
///     <function=f>{…}</function>
///     [f(a=1), g()]
///     f.call(query="…")
///     <|python_tag|>print(1)
///
/// All of them may stand behind `<|python_tag|>`, and the last one only there, for a tool `code_interpreter`.
enum ToolCallOpening: Equatable {
    /// The text so far could become a call.
    case undecided
    /// It cannot. The text begins at `start`, behind a tag.
    case text(start: Int)
    /// A JSON object at `start` has the arguments; what follows it closes the call.
    case object(name: String, start: Int, closing: Closing)
    /// Calls of Python at `start`, to be read when the bracket of the first one closes.
    case python(start: Int)
    /// A program, from `start` to the end.
    case code(start: Int)

    enum Closing: Equatable {
        /// The rest of the object around the arguments.
        case bracket
        /// `</function>`
        case tag
    }

    static let codeInterpreter = "code_interpreter"

    /// - Parameters:
    ///   - names: of the tools that may be called.
    ///   - separators: that may stand before it.
    init(_ text: ArraySlice<UInt8>, names: Set<String>, separators: String) {
        var reader = PrefixReader(text)
        reader.skip(separators.utf8)
        do throws(PrefixReader.Miss) {
            let isTagged = try reader.take(ToolCallParser.pythonTag)
            reader.skipSpace()
            if let call = try Self.call(reader, names) {
                self = call
            } else if isTagged, names.contains(Self.codeInterpreter) {
                self = .code(start: reader.position)
            } else {
                self = .text(start: isTagged ? reader.position : text.startIndex)
            }
        } catch {
            self = .undecided
        }
    }

    private enum Form: CaseIterable { case object, tagged, list, method }

    /// Nil where none of the forms begins; throws while one of them still may.
    private static func call(_ reader: PrefixReader, _ names: Set<String>) throws(PrefixReader.Miss) -> Self? {
        var isUndecided = false
        for form in Form.allCases {
            var reader = reader
            do throws(PrefixReader.Miss) {
                switch form {
                case .object: return try object(&reader, names)
                case .tagged: return try tagged(&reader, names)
                case .list: return try list(&reader, names)
                case .method: return try method(&reader, names)
                }
            } catch {
                if error == .unfinished { isUndecided = true }
            }
        }
        if isUndecided { throw .unfinished }
        return nil
    }

    private static func object(_ reader: inout PrefixReader, _ names: Set<String>) throws(PrefixReader.Miss) -> Self {
        var name: String?
        try reader.expect("{")
        while true {
            reader.skipSpace()
            let member = try quoted(&reader, ["type", "name", "parameters", "arguments"])
            reader.skipSpace()
            try reader.expect(":")
            reader.skipSpace()
            switch member {
            case "type": _ = try quoted(&reader, ["function"])
            case "name": name = try quoted(&reader, names)
            default:
                try reader.expectNext("{")
                guard let name else { throw .different }
                return .object(name: name, start: reader.position, closing: .bracket)
            }
            reader.skipSpace()
            try reader.expect(",")
        }
    }

    private static func quoted(
        _ reader: inout PrefixReader, _ words: Set<String>
    ) throws(PrefixReader.Miss) -> String {
        try reader.expect("\"")
        let word = try reader.word(of: words)
        try reader.expect("\"")
        return word
    }

    private static func tagged(_ reader: inout PrefixReader, _ names: Set<String>) throws(PrefixReader.Miss) -> Self {
        try reader.expect("<function=")
        let name = try reader.word(of: names)
        try reader.expect(">")
        reader.skipSpace()
        try reader.expectNext("{")
        return .object(name: name, start: reader.position, closing: .tag)
    }

    private static func list(_ reader: inout PrefixReader, _ names: Set<String>) throws(PrefixReader.Miss) -> Self {
        let start = reader.position
        try reader.expect("[")
        reader.skipSpace()
        _ = try reader.word(of: names)
        try reader.expect("(")
        return .python(start: start)
    }

    private static func method(_ reader: inout PrefixReader, _ names: Set<String>) throws(PrefixReader.Miss) -> Self {
        let start = reader.position
        _ = try reader.word(of: names)
        try reader.expect(".call(")
        return .python(start: start)
    }
}
