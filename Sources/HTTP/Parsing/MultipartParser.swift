import HTTPTypes

/// Takes a multipart/form-data body apart as it comes: RFC 7578, with the boundaries of RFC 2046 5.1.1.
///
/// No I/O. Give it bytes by `append`, then call `next` until it returns nil. What it returns does not depend on how the
/// bytes were cut, save for the sizes of `data`. It holds a piece and a boundary, never a part.
package struct MultipartParser {
    package enum Event: Sendable, Equatable {
        /// A part begins.
        case part(name: String, filename: String?)
        /// Bytes of the part, at least one.
        case data([UInt8])
        /// The last part is over. What follows is nobody's.
        case end
    }

    private enum State {
        /// Before the first boundary, which needs no line end before it.
        case preamble
        /// Behind a boundary.
        case boundary
        case headers(FieldSection)
        case data
        case ended
    }

    private static let partsLimit = 32
    private static let headersLimit = 8192
    /// RFC 2046 5.1.1: blanks may follow a boundary. Nobody sends many.
    private static let paddingLimit = 128

    /// CRLF, two hyphens and the boundary.
    private let delimiter: [UInt8]
    private var buffer: LineBuffer
    private var state = State.preamble
    private var partCount = 0

    /// - Parameter contentType: the header's value.
    package init(contentType: String) throws(MultipartError) {
        let value = HeaderParameters(contentType)
        guard ASCII.equal(value.word, "multipart/form-data") else {
            throw .malformed("the content type must be multipart/form-data")
        }
        guard let boundary = value["boundary"], (1...70).contains(boundary.count),
            boundary.allSatisfy({ ASCII.isVisible($0) || $0 == ASCII.space }), boundary.last != ASCII.space
        else { throw .malformed("the content type must have a boundary of 1 to 70 characters") }
        delimiter = Array("\r\n--".utf8) + boundary
        // A first boundary stands at the beginning, as if a line had ended there.
        buffer = LineBuffer()
        buffer.append(Array("\r\n".utf8))
    }

    package mutating func append(_ bytes: [UInt8]) { buffer.append(bytes) }

    /// The next event, or nil when it needs more bytes.
    package mutating func next() throws(MultipartError) -> Event? {
        while true {
            switch state {
            case .ended: return nil
            case .preamble:
                let (_, isOver) = takeData()
                guard isOver else { return nil }
                state = .boundary
            case .boundary:
                guard let isLast = try boundaryEnd() else { return nil }
                if isLast {
                    state = .ended
                    return .end
                }
                partCount += 1
                guard partCount <= Self.partsLimit else { throw .tooManyParts(limit: Self.partsLimit) }
                state = .headers(
                    FieldSection(lineLimit: Self.headersLimit, sectionLimit: Self.headersLimit, countLimit: 32))
            case .headers(var section):
                guard try Self.hasEnded(&section, &buffer) else {
                    state = .headers(section)
                    return nil
                }
                state = .data
                return try Self.part(section.fields)
            case .data:
                let (bytes, isOver) = takeData()
                if isOver { state = .boundary }
                if !bytes.isEmpty { return .data(bytes) }
                if !isOver { return nil }
            }
        }
    }

    /// The bytes that are surely of the part, and whether its delimiter follows, which is taken too.
    private mutating func takeData() -> ([UInt8], isOver: Bool) {
        let all = buffer.peek
        var from = all.startIndex
        while let start = all[from...].firstIndex(of: ASCII.carriageReturn) {
            let rest = all[start...].prefix(delimiter.count)
            if delimiter.starts(with: rest) {
                let bytes = Array(buffer.take(start - all.startIndex))
                let isWhole = rest.count == delimiter.count
                if isWhole { _ = buffer.take(delimiter.count) }
                return (bytes, isWhole)
            }
            from = start + 1
        }
        return (Array(buffer.take(all.count)), false)
    }

    /// Behind a boundary: two hyphens, or blanks and the end of the line. Nil when it needs more bytes.
    private mutating func boundaryEnd() throws(MultipartError) -> Bool? {
        let start = buffer.peek.prefix(2)
        if start.elementsEqual("--".utf8) {
            _ = buffer.take(2)
            return true
        }
        if start.count < 2, start.first.map({ $0 == UInt8(ascii: "-") }) ?? true { return nil }
        switch buffer.nextLine(limit: Self.paddingLimit) {
        case .incomplete: return nil
        case .line(let line) where line.allSatisfy(ASCII.isBlank): return false
        case .line, .tooLong, .bareLineFeed: throw .malformed("something stands behind a boundary")
        }
    }

    private static func hasEnded(
        _ section: inout FieldSection, _ buffer: inout LineBuffer
    ) throws(MultipartError) -> Bool {
        do throws(RequestError) {
            return try section.next(&buffer)
        } catch .malformed(let rule) {
            throw .malformed(rule)
        } catch {
            throw .headersTooLong(limit: headersLimit)
        }
    }

    /// RFC 7578 4.2: each part has a name. `filename*` must not be used there.
    private static func part(_ fields: HTTPFields) throws(MultipartError) -> Event {
        guard let value = fields[.contentDisposition] else { throw .malformed("a part has no Content-Disposition") }
        let disposition = HeaderParameters(value)
        guard ASCII.equal(disposition.word, "form-data"), let name = disposition["name"] else {
            throw .malformed("a part is no form-data with a name")
        }
        guard let name = String(validating: name, as: UTF8.self) else { throw .malformed("a name is not UTF-8") }
        guard let filename = disposition["filename"] else { return .part(name: name, filename: nil) }
        guard let filename = String(validating: filename, as: UTF8.self) else {
            throw .malformed("a file name is not UTF-8")
        }
        return .part(name: name, filename: filename)
    }
}

/// A header value of the form `word; name=value; name="value"`.
private struct HeaderParameters {
    let word: ArraySlice<UInt8>
    private var parameters: [(name: [UInt8], value: [UInt8])] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)[...]
        word = ASCII.trim(bytes.prefix { $0 != UInt8(ascii: ";") })
        var rest = bytes.dropFirst(bytes.prefix { $0 != UInt8(ascii: ";") }.count)
        while rest.popFirst() != nil {
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(name.count)
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest = rest.dropFirst()
            let value = Self.value(&rest)
            parameters.append((ASCII.trim(name).map(ASCII.lower), value))
        }
    }

    /// The first of that name.
    subscript(name: StaticString) -> [UInt8]? { parameters.first { ASCII.equal($0.name, name) }?.value }

    /// Quoted, with a backslash before a quote as curl writes it, or up to the next semicolon.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        rest = rest.drop(while: ASCII.isBlank)
        guard rest.first == ASCII.quote else {
            let value = rest.prefix { $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(value.count)
            return Array(ASCII.trim(value))
        }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst(), byte != ASCII.quote {
            let isEscape = byte == ASCII.backslash && (rest.first == ASCII.quote || rest.first == ASCII.backslash)
            if isEscape, let next = rest.popFirst() { value.append(next) } else { value.append(byte) }
        }
        rest = rest.drop { $0 != UInt8(ascii: ";") }
        return value
    }
}
