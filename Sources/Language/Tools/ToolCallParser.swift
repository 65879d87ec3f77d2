import JSON

/// Finds calls of tools in an answer while it is written, in all forms of `ToolCallOpening`. Only tools that the request
/// offered count; any other text, JSON or not, is text.
///
/// The text is held back until it is certain what it is. A JSON object is a call once a tool's name and the bracket that
/// opens its arguments have come; from there the arguments pass as they are, also if they turn out not to be JSON, or
/// have no end. Python's calls have other literals than JSON, so they are held until their bracket closes, and are text if
/// they cannot be read. Behind a call other calls may follow; where none does, the rest is text.
package struct ToolCallParser: Sendable {
    package enum Event: Sendable, Equatable {
        case text(String)
        /// A call of that tool begins.
        case call(name: String)
        /// A piece of the JSON text of its arguments.
        case arguments(String)
        case end
    }

    private enum State {
        case opening
        case text
        case object(BracketScanner, ToolCallOpening.Closing)
        case bracket(BracketScanner)
        case tag
        /// - Parameter scanned: how much of what is held the scanner has seen.
        case python(BracketScanner, scanned: Int)
        case code
    }

    /// The token that Llama 3 writes before calls of built-in tools.
    package static let pythonTag = "<|python_tag|>"

    /// Longest beginning of a call: white space that does not end is text.
    private static let openingLimit = 4096

    private let names: Set<String>
    private var state = State.opening
    private var held: [UInt8] = []
    private var separators = " \t\r\n"
    /// The answer ended before its last call did, or with it where nothing else ends it.
    package private(set) var isOpen = false

    package init(tools names: some Sequence<String>) {
        self.names = Set(names)
        if self.names.isEmpty { state = .text }
    }

    /// What the next piece of the answer makes certain.
    package mutating func push(_ text: String) -> [Event] {
        held += text.utf8
        var events: [Event] = []
        while step(&events) {}
        return events
    }

    /// What is left at the end of the answer.
    package mutating func finish() -> [Event] {
        defer { (state, held) = (.text, []) }
        switch state {
        case .opening:
            let isBehindCall = separators.contains(";") && held.allSatisfy { separators.utf8.contains($0) }
            return held.isEmpty || isBehindCall ? [] : [.text(take(held.count))]
        case .text, .bracket, .tag: return []
        case .python: return [.text(take(held.count))]
        case .object:
            isOpen = true
            return [.end]
        case .code:
            isOpen = true
            return [.arguments("\"}"), .end]
        }
    }

    /// Goes on with what is held; says whether there is more to do.
    private mutating func step(_ events: inout [Event]) -> Bool {
        guard !held.isEmpty else { return false }
        switch state {
        case .opening: return open(&events)
        case .text:
            events.append(.text(take(held.count)))
            return false
        case .object(var scanner, let closing):
            let end = scanner.end(in: held[...])
            events.append(.arguments(take(end ?? held.count)))
            state = .object(scanner, closing)
            guard end != nil else { return false }
            events.append(.end)
            state = closing == .bracket ? .bracket(BracketScanner(.json, depth: 1)) : .tag
            return true
        case .bracket(var scanner):
            let end = scanner.end(in: held[...])
            held.removeFirst(end ?? held.count)
            state = end == nil ? .bracket(scanner) : .opening
            return end != nil
        case .tag: return closeTag()
        case .python(let scanner, let scanned): return readPython(scanner, scanned, &events)
        case .code:
            events.append(.arguments(Self.escaped(take(held.count))))
            return false
        }
    }

    private mutating func open(_ events: inout [Event]) -> Bool {
        switch ToolCallOpening(held[...], names: names, separators: separators) {
        case .undecided:
            guard held.count > Self.openingLimit else { return false }
            state = .text
        case .text(let start):
            held.removeFirst(start)
            state = .text
        case .object(let name, let start, let closing):
            held.removeFirst(start)
            state = .object(BracketScanner(.json), closing)
            begin(name, &events)
        case .python(let start):
            held.removeFirst(start)
            state = .python(BracketScanner(.python), scanned: 0)
        case .code(let start):
            held.removeFirst(start)
            state = .code
            begin(ToolCallOpening.codeInterpreter, &events)
            events.append(.arguments("{\"code\": \""))
        }
        return true
    }

    private mutating func begin(_ name: String, _ events: inout [Event]) {
        events.append(.call(name: name))
        separators = " \t\r\n;,"
    }

    /// A closing tag that is forgotten is nobody's loss.
    private mutating func closeTag() -> Bool {
        var reader = PrefixReader(held[...])
        reader.skipSpace()
        do throws(PrefixReader.Miss) {
            if try reader.take("</function>") { held.removeFirst(reader.position) }
            state = .opening
            return true
        } catch {
            return false
        }
    }

    private mutating func readPython(_ scanner: BracketScanner, _ scanned: Int, _ events: inout [Event]) -> Bool {
        var scanner = scanner
        guard let end = scanner.end(in: held[scanned...]) else {
            state = .python(scanner, scanned: held.count)
            return false
        }
        guard let calls = PythonCalls.read(held[..<end], names: names) else {
            state = .text
            return true
        }
        held.removeFirst(end)
        state = .opening
        for call in calls {
            begin(call.name, &events)
            let arguments = JSONValue.object(call.arguments).serialized
            events += [.arguments(String(decoding: arguments, as: UTF8.self)), .end]
        }
        return true
    }

    private mutating func take(_ count: Int) -> String {
        defer { held.removeFirst(count) }
        return String(decoding: held[..<count], as: UTF8.self)
    }

    /// As the inside of a JSON string.
    private static func escaped(_ text: String) -> String {
        String(decoding: JSONValue.string(text).serialized.dropFirst().dropLast(), as: UTF8.self)
    }
}
