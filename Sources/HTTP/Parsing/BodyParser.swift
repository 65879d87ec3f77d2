import HTTPTypes

/// Collects the body of one request and removes its codings.
struct BodyParser {
    /// What has come and was not taken yet, without the transfer coding.
    private(set) var bytes: [UInt8] = []
    /// Bytes that were taken before these.
    private var takenCount = 0

    private enum State {
        case length(rest: Int)
        case chunkSize
        case chunkData(rest: Int)
        case chunkEnd
        case trailers(FieldSection)
        case complete
    }

    private var limits: RequestLimits
    private let coding: ParsedHead.ContentCoding
    private var state: State
    private var chunkCount = 0
    private var extensionSize = 0

    /// Room that is taken on the word of a Content-Length; the rest only as bytes come.
    private static let trustedCapacity = 65_536

    init(framing: ParsedHead.Framing, coding: ParsedHead.ContentCoding, limits: RequestLimits) {
        self.limits = limits
        self.coding = coding
        switch framing {
        case .none: state = .complete
        case .length(let length):
            state = .length(rest: length)
            bytes.reserveCapacity(min(length, Self.trustedCapacity))
        case .chunked: state = .chunkSize
        }
    }

    var count: Int { takenCount + bytes.count }

    /// From now on it may be that large.
    mutating func limit(to count: Int) throws(RequestError) {
        limits.body = count
        if case .length(let rest) = state, rest > count { throw .bodyTooLarge(limit: count) }
    }

    /// What has come since the last time. A content coding needs the whole.
    mutating func take() throws(RequestError) -> [UInt8] {
        guard coding == .identity else { throw .codedUpload }
        defer { bytes = [] }
        takenCount += bytes.count
        return bytes
    }

    /// True once the body has ended.
    mutating func next(_ buffer: inout LineBuffer) throws(RequestError) -> Bool {
        while true {
            switch state {
            case .complete: return true
            case .length(let rest):
                let missing = receive(rest, from: &buffer)
                state = missing == 0 ? .complete : .length(rest: missing)
                if missing > 0 { return false }
            case .chunkSize:
                guard let size = try chunkSize(&buffer) else { return false }
                state = size > 0 ? .chunkData(rest: size) : .trailers(trailers())
            case .chunkData(let rest):
                let missing = receive(rest, from: &buffer)
                state = missing == 0 ? .chunkEnd : .chunkData(rest: missing)
                if missing > 0 { return false }
            case .chunkEnd:
                guard try chunkEnd(&buffer) else { return false }
                state = .chunkSize
            case .trailers(var section):
                guard try Self.hasEnded(&section, &buffer, limit: limits.trailers) else {
                    state = .trailers(section)
                    return false
                }
                // RFC 9110 6.5.1: trailers are never merged with the headers. Nobody here reads them.
                state = .complete
            }
        }
    }

    /// Adds up to so many bytes to the body; returns how many of them have not come yet.
    private mutating func receive(_ count: Int, from buffer: inout LineBuffer) -> Int {
        let run = buffer.take(count)
        bytes.append(contentsOf: run)
        return count - run.count
    }

    /// What the client meant to send, once the body has ended. The limit of bodies holds for it too.
    func content() throws(RequestError) -> [UInt8] {
        switch coding {
        case .identity: bytes
        case .gzip: try Gzip.decode(bytes, limit: limits.body)
        }
    }

    private func trailers() -> FieldSection {
        FieldSection(lineLimit: limits.trailers, sectionLimit: limits.trailers, countLimit: limits.fields)
    }

    /// Trailers follow the grammar of headers, but their size is a fault of the body.
    private static func hasEnded(
        _ section: inout FieldSection, _ buffer: inout LineBuffer, limit: Int
    ) throws(RequestError) -> Bool {
        do throws(RequestError) {
            return try section.next(&buffer)
        } catch {
            throw error.status == .requestHeaderFieldsTooLarge ? .trailersTooLong(limit: limit) : error
        }
    }

    /// RFC 9112 7.1: hexadecimal digits and optional extensions.
    private mutating func chunkSize(_ buffer: inout LineBuffer) throws(RequestError) -> Int? {
        switch buffer.nextLine(limit: 16 + limits.chunkExtensions - extensionSize) {
        case .incomplete: return nil
        case .tooLong: throw .chunkExtensionsTooLong(limit: limits.chunkExtensions)
        case .bareLineFeed: throw .malformed("a chunk size line must end in CRLF")
        case .line(let line):
            let digits = line.prefix { ASCII.hexDigit($0) != nil }
            guard (1...16).contains(digits.count) else { throw .malformed("a chunk size is not a hexadecimal number") }
            let extensions = line[digits.endIndex...]
            extensionSize += extensions.count
            guard extensionSize <= limits.chunkExtensions else {
                throw .chunkExtensionsTooLong(limit: limits.chunkExtensions)
            }
            guard ChunkExtensions.isValid(extensions) else { throw .malformed("a chunk extension is not valid") }
            return try admit(digits)
        }
    }

    /// The value of the digits, when the body may grow by that much.
    private mutating func admit(_ digits: ArraySlice<UInt8>) throws(RequestError) -> Int {
        let room = limits.body - count
        var size = 0
        for digit in digits.lazy.compactMap(ASCII.hexDigit) {
            // 16 digits overflow Int; beyond the room the value does not matter.
            if size <= room { size = size << 4 | digit }
        }
        guard size <= room else { throw .bodyTooLarge(limit: limits.body) }
        if size > 0 { chunkCount += 1 }
        guard chunkCount <= limits.chunks else { throw .tooManyChunks(limit: limits.chunks) }
        return size
    }

    private mutating func chunkEnd(_ buffer: inout LineBuffer) throws(RequestError) -> Bool {
        switch buffer.nextLine(limit: 0) {
        case .incomplete:
            guard buffer.first ?? ASCII.carriageReturn == ASCII.carriageReturn else { break }
            return false
        case .line: return true
        case .tooLong, .bareLineFeed: break
        }
        throw .malformed("the data of a chunk must end in CRLF")
    }
}
