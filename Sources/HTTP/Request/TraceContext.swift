package import HTTPTypes

/// The client's place in a distributed trace (W3C Trace Context), and ours below it.
package struct TraceContext: Sendable {
    /// 32 hexadecimal digits, the client's.
    package let traceID: String
    /// 16 hexadecimal digits: the client's span, which asked.
    package let parentID: String
    /// 16 hexadecimal digits: this request.
    package let spanID: String
    private let flags: String

    private static let name = HTTPField.Name("traceparent")

    /// Nil where there is none that is valid, or several: a client that traces wrongly is served as one that does not.
    package init?(_ fields: HTTPFields) {
        guard let name = Self.name else { return nil }
        let values = fields[fields: name]
        guard values.count == 1, let value = values.first else { return nil }
        guard let pieces = value.withUnsafeBytesOfValue({ Self.pieces($0[...]) }) else { return nil }
        (traceID, parentID, flags) = pieces
        let number = UInt64.random(in: 1 ... .max)
        let digits = String(number, radix: 16)
        spanID = String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// `version-trace-parent-flags`. Versions beyond 00 may go on after another `-` (W3C Trace Context, 3.2.4).
    private static func pieces(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>
    ) -> (trace: String, parent: String, flags: String)? {
        let parts = bytes.split(separator: UInt8(ascii: "-"), maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ isHex($0, count: $1) }) else { return nil }
        let version = ASCII.text(parts[0])
        guard version != "ff", version != "00" || parts.count == 4, !isZero(parts[1]), !isZero(parts[2]) else {
            return nil
        }
        return (ASCII.text(parts[1]), ASCII.text(parts[2]), ASCII.text(parts[3]))
    }

    /// Lower case only.
    private static func isHex(_ bytes: some Collection<UInt8>, count: Int) -> Bool {
        bytes.count == count && bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func isZero(_ bytes: some Collection<UInt8>) -> Bool { bytes.allSatisfy { $0 == 0x30 } }

    /// Tells the client which span was its request's.
    func mark(_ response: inout Response) {
        guard let name = Self.name else { return }
        response.fields[name] = "00-\(traceID)-\(spanID)-\(flags)"
    }
}
