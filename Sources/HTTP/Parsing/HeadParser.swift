import HTTPTypes

/// Parses the request line and then the fields of one request.
struct HeadParser {
    private let limits: RequestLimits
    private let method: HTTPRequest.Method
    private let target: RequestTarget
    private let minorVersion: Int
    private var section: FieldSection

    /// The registered ones (RFC 9110 9.3, RFC 5789, QUERY of RFC 10008), which a route may or may not allow; others are
    /// unknown.
    private static let methods: [HTTPRequest.Method] =
        [.get, .post, .head, .options, .put, .delete, .patch, .trace] + [HTTPRequest.Method("QUERY")].compactMap(\.self)

    /// RFC 9112 3: exactly one space between the parts.
    init(requestLine line: ArraySlice<UInt8>, limits: RequestLimits) throws(RequestError) {
        let parts = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("the request line must be a method, a target and a version") }
        guard !parts[0].isEmpty, parts[0].allSatisfy(ASCII.isToken) else {
            throw .malformed("the method is not a token")
        }
        minorVersion = try Self.version(parts[2])
        guard let method = Self.methods.first(where: { $0.rawValue.utf8.elementsEqual(parts[0]) }) else {
            throw .unknownMethod
        }
        self.method = method
        target = try RequestTarget(parsing: parts[1], method: method)
        self.limits = limits
        section = FieldSection(
            lineLimit: limits.fieldLine, sectionLimit: limits.fieldSection, countLimit: limits.fields)
    }

    private static func version(_ text: ArraySlice<UInt8>) throws(RequestError) -> Int {
        if text.elementsEqual("HTTP/1.1".utf8) { return 1 }
        if text.elementsEqual("HTTP/1.0".utf8) { return 0 }
        let digits = text.dropFirst(5)
        guard text.starts(with: "HTTP/".utf8), digits.count == 3, digits.dropFirst().first == UInt8(ascii: "."),
            let major = digits.first.flatMap(ASCII.digit), digits.last.flatMap(ASCII.digit) != nil, major > 0
        else { throw .malformed("the version must be HTTP/1.1") }
        throw .unsupportedVersion
    }

    /// The head once its last line is there.
    mutating func next(_ buffer: inout LineBuffer) throws(RequestError) -> ParsedHead? {
        guard try section.next(&buffer) else { return nil }
        let fields = section.fields
        let names = section.known
        let isLatest = minorVersion == 1
        let host = try Self.host(names.hosts, target: target, isRequired: isLatest)
        let framing = try Self.framing(names, isLatest: isLatest, limit: max(limits.body, limits.upload))
        // RFC 9110 10.1.1: an expectation in HTTP/1.0 is ignored.
        let expectsContinue = isLatest ? try Self.expectsContinue(names.expectations) : false
        let coding = try Self.contentCoding(names.contentCodings)
        let options = names.connection.flatMap { ASCII.list($0[...]) }
        let closes = options.contains { ASCII.equal($0, "close") }
        let keeps = options.contains { ASCII.equal($0, "keep-alive") }
        return ParsedHead(
            method: method, target: target, minorVersion: minorVersion, fields: fields, host: host, framing: framing,
            contentCoding: coding, expectsContinue: expectsContinue, isPersistent: !closes && (isLatest || keeps))
    }

    /// RFC 9112 3.2: one `Host`, which must be valid; the absolute form must agree with it.
    private static func host(
        _ hosts: [[UInt8]], target: RequestTarget, isRequired: Bool
    ) throws(RequestError) -> String {
        guard hosts.count <= 1 else { throw .malformed("there must be one Host header") }
        guard let host = hosts.first else {
            guard !isRequired else { throw .malformed("the Host header is missing") }
            return target.authority ?? ""
        }
        guard Authority.isValid(host[...]) else {
            throw .malformed("the Host header is not a host and an optional port")
        }
        if let authority = target.authority, !ASCII.equal(authority.utf8, host) {
            throw .malformed("the Host header and the target name different hosts")
        }
        return ASCII.text(host)
    }

    /// RFC 9112 6. Every doubt about where a body ends is an error: request smuggling lives on such doubts.
    private static func framing(
        _ names: FieldSection.Known, isLatest: Bool, limit: Int
    ) throws(RequestError) -> ParsedHead.Framing {
        if let coding = names.transferCodings.first {
            guard isLatest else { throw .malformed("Transfer-Encoding needs HTTP/1.1") }
            guard names.lengths.isEmpty else { throw .malformed("both Content-Length and Transfer-Encoding are given") }
            guard names.transferCodings.count == 1 else { throw .malformed("Transfer-Encoding is given twice") }
            if ASCII.equal(coding, "chunked") { return .chunked }
            throw isSupportable(coding) ? .unsupportedTransferCoding : .malformed("Transfer-Encoding is not valid")
        }
        guard let length = names.lengths.first else { return .none }
        guard names.lengths.count == 1 else { throw .malformed("Content-Length is given twice") }
        return .length(try contentLength(length, limit: limit))
    }

    /// A list of codings that exist, chunked at most as the last: valid, but not served.
    private static func isSupportable(_ value: [UInt8]) -> Bool {
        var codings = value.split(separator: ASCII.comma, omittingEmptySubsequences: false).map(ASCII.trim)
        if let last = codings.last, ASCII.equal(last, "chunked") { codings.removeLast() }
        let known: [StaticString] = ["gzip", "x-gzip", "compress", "x-compress", "deflate", "identity"]
        return !codings.isEmpty && codings.allSatisfy { coding in known.contains { ASCII.equal(coding, $0) } }
    }

    private static func contentLength(_ text: [UInt8], limit: Int) throws(RequestError) -> Int {
        guard !text.isEmpty else { throw .malformed("Content-Length is empty") }
        var length = 0
        for byte in text {
            guard let digit = ASCII.digit(byte) else { throw .malformed("Content-Length is not a decimal number") }
            // Far above every limit the rest of the digits is only checked.
            if length <= limit { length = length * 10 + digit }
        }
        guard length <= limit else { throw .bodyTooLarge(limit: limit) }
        return length
    }

    /// RFC 9110 8.4: all codings that were applied. One gzip is undone here.
    private static func contentCoding(_ lines: [[UInt8]]) throws(RequestError) -> ParsedHead.ContentCoding {
        let codings = lines.flatMap { ASCII.list($0[...]) }.filter { !ASCII.equal($0, "identity") }
        guard let coding = codings.first else { return .identity }
        guard codings.count == 1, ASCII.equal(coding, "gzip") || ASCII.equal(coding, "x-gzip") else {
            throw .unsupportedContentCoding
        }
        return .gzip
    }

    private static func expectsContinue(_ expectations: [[UInt8]]) throws(RequestError) -> Bool {
        guard expectations.allSatisfy({ ASCII.equal($0, "100-continue") }) else { throw .unknownExpectation }
        return !expectations.isEmpty
    }
}
