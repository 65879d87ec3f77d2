package import HTTPTypes

/// What follows the method: a path and a query.
package struct RequestTarget: Sendable {
    /// As received: visible ASCII.
    package let raw: String
    /// The raw path: what is before `?`, without scheme and authority.
    package let path: String
    /// The pieces of the path between slashes, each percent-decoded once; `/` is one empty piece.
    package let segments: [String]
    /// `name=value` pieces of the query in order, decoded once, `+` as a space.
    package let query: [(name: String, value: String)]
    /// Whether it is the `*` of `OPTIONS *`.
    package let isAsterisk: Bool
    /// The authority of the absolute form, else nil.
    package let authority: String?

    /// For a response to bytes that were no request.
    static let none = RequestTarget()

    private init() {
        (raw, path, segments, query, isAsterisk, authority) = ("", "", [], [], false, nil)
    }

    /// RFC 9112 3.2. Nothing is normalised: `/a/../b` keeps its three segments, and `//a` has an empty one.
    package init(parsing bytes: ArraySlice<UInt8>, method: HTTPRequest.Method) throws(RequestError) {
        guard bytes.allSatisfy({ ASCII.isVisible($0) && $0 != UInt8(ascii: "#") }) else {
            throw .malformed("the target has a character that must be percent-encoded")
        }
        raw = ASCII.text(bytes)
        isAsterisk = method == .options && bytes.elementsEqual([UInt8(ascii: "*")])
        if isAsterisk {
            (path, segments, query, authority) = ("*", [], [], nil)
            return
        }
        let (authority, rest) = try Self.split(bytes)
        let pathBytes = rest.prefix { $0 != UInt8(ascii: "?") }
        self.authority = authority
        path = ASCII.text(pathBytes)
        var segments: [String] = []
        for piece in pathBytes.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false) {
            segments.append(try Self.decode(piece, plusIsSpace: false))
        }
        self.segments = segments
        query = try Self.items(rest.dropFirst(pathBytes.count + 1))
    }

    /// Authority and what follows it.
    private static func split(_ bytes: ArraySlice<UInt8>) throws(RequestError) -> (String?, ArraySlice<UInt8>) {
        if bytes.first == ASCII.slash { return (nil, bytes) }
        for scheme: StaticString in ["http://", "https://"] {
            let length = scheme.utf8CodeUnitCount
            guard ASCII.equal(bytes.prefix(length), scheme) else { continue }
            let rest = bytes.dropFirst(length)
            let authority = rest.prefix { $0 != ASCII.slash && $0 != UInt8(ascii: "?") }
            guard Authority.isValid(authority) else { throw .malformed("the target's host is not valid") }
            let path = rest.dropFirst(authority.count)
            return (ASCII.text(authority), path.first == ASCII.slash ? path : [ASCII.slash] + path)
        }
        throw .malformed("the target must begin with a slash")
    }

    private static func items(_ bytes: ArraySlice<UInt8>) throws(RequestError) -> [(name: String, value: String)] {
        var items: [(name: String, value: String)] = []
        for piece in bytes.split(separator: UInt8(ascii: "&")) {
            let name = piece.prefix { $0 != UInt8(ascii: "=") }
            items.append(
                (
                    try decode(name, plusIsSpace: true),
                    try decode(piece.dropFirst(name.count + 1), plusIsSpace: true)
                ))
        }
        return items
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) throws(RequestError) -> String {
        guard bytes.contains(where: { $0 == ASCII.percent || $0 == UInt8(ascii: "+") }) else {
            return ASCII.text(bytes)
        }
        var decoded: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case ASCII.percent:
                guard let high = rest.popFirst().flatMap(ASCII.hexDigit),
                    let low = rest.popFirst().flatMap(ASCII.hexDigit),
                    high + low > 0
                else { throw .malformed("the target has a bad percent-encoding") }
                decoded.append(UInt8(high << 4 | low))
            case UInt8(ascii: "+") where plusIsSpace: decoded.append(ASCII.space)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw .malformed("the target is not UTF-8 after percent-decoding")
        }
        return text
    }
}
