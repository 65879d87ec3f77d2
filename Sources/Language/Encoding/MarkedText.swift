/// Text that knows of each part where it came from. Only what a template's author wrote may become control tokens.
package struct MarkedText: Sendable, Equatable {
    package enum Origin: Sendable {
        /// Written in the template, or a token that the model's own files name.
        case template
        /// From a request: messages, tool names, arguments.
        case data
    }

    /// A stretch of one origin that ends before `end`.
    struct Run: Sendable, Equatable {
        var end: Int
        var origin: Origin
    }

    /// UTF-8.
    package private(set) var bytes: [UInt8]
    /// Rising; neighbours differ in origin; the last ends where the bytes end.
    private(set) var runs: [Run]

    package init() {
        bytes = []
        runs = []
    }

    package init(_ text: some StringProtocol, _ origin: Origin) {
        self.init(bytes: Array(text.utf8), origin)
    }

    init(bytes: [UInt8], _ origin: Origin) {
        self.bytes = bytes
        runs = bytes.isEmpty ? [] : [Run(end: bytes.count, origin: origin)]
    }

    package var string: String { String(decoding: bytes, as: UTF8.self) }
    package var isEmpty: Bool { bytes.isEmpty }
    package var count: Int { bytes.count }
    var holdsData: Bool { runs.contains { $0.origin == .data } }

    package mutating func append(_ other: MarkedText) {
        let base = bytes.count
        bytes.append(contentsOf: other.bytes)
        for run in other.runs { extend(to: base + run.end, run.origin) }
    }

    mutating func append(_ text: StaticString, _ origin: Origin = .template) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        extend(to: bytes.count, origin)
    }

    mutating func append(_ newBytes: some Collection<UInt8>, _ origin: Origin) {
        bytes.append(contentsOf: newBytes)
        extend(to: bytes.count, origin)
    }

    private mutating func extend(to end: Int, _ origin: Origin) {
        guard end > runs.last?.end ?? 0 else { return }
        if runs.last?.origin == origin {
            runs[runs.count - 1].end = end
        } else {
            runs.append(Run(end: end, origin: origin))
        }
    }

    subscript(range: Range<Int>) -> MarkedText {
        var result = MarkedText()
        if runs.count == 1 { return MarkedText(bytes: Array(bytes[range]), runs[0].origin) }
        result.bytes = Array(bytes[range])
        var start = 0
        for run in runs where start < range.upperBound {
            let low = max(start, range.lowerBound)
            let high = min(run.end, range.upperBound)
            if low < high { result.extend(to: high - range.lowerBound, run.origin) }
            start = run.end
        }
        return result
    }

    /// Without what the template wrote behind the last part that came from a request.
    package var throughLastData: MarkedText { self[0..<(runs.last { $0.origin == .data }?.end ?? count)] }

    /// The same text as if a request had brought all of it.
    var asData: MarkedText { MarkedText(bytes: bytes, .data) }
}
