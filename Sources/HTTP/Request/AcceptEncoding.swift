package import HTTPTypes

/// Which codings of a response a client takes (RFC 9110 12.5.3), as far as they are spoken here: gzip and none.
package struct AcceptEncoding: Sendable, Equatable {
    /// Weights in thousandths; nil: not named, also not by `*`.
    private var gzip: Int?
    private var identity: Int?

    /// Of a client that did not say: it gets what every client can read.
    package static let unsaid = AcceptEncoding()

    private init() {}

    package init(_ fields: HTTPFields) {
        var any: Int?
        for value in fields[values: .acceptEncoding] {
            for element in ASCII.list(Array(value.utf8)[...]) {
                guard let (coding, weight) = Self.parse(element) else { continue }
                if ASCII.equal(coding, "gzip") || ASCII.equal(coding, "x-gzip") { gzip = gzip ?? weight }
                if ASCII.equal(coding, "identity") { identity = identity ?? weight }
                if ASCII.equal(coding, "*") { any = any ?? weight }
            }
        }
        gzip = gzip ?? any
        // `*` excludes what is not named, but it need not prefer it.
        if any == 0 { identity = identity ?? 0 }
    }

    /// Whether to send gzip where it pays.
    package var prefersGzip: Bool { (gzip ?? 0) > 0 && (gzip ?? 0) >= (identity ?? 0) }

    /// Whether to send gzip also where it does not. A client that excludes both gets none: better that than nothing.
    package var requiresGzip: Bool { prefersGzip && identity == 0 }

    /// `coding` or `coding;q=0.5`; nil when it is neither.
    private static func parse(_ element: ArraySlice<UInt8>) -> (coding: ArraySlice<UInt8>, weight: Int)? {
        let parts = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(ASCII.trim)
        guard let coding = parts.first, !coding.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (coding, 1000) }
        return weight(parts[1]).map { (coding, $0) }
    }

    /// RFC 9110 12.4.2: `q=` and 0 to 1 with at most three digits behind the point.
    private static func weight(_ text: ArraySlice<UInt8>) -> Int? {
        guard ASCII.equal(text.prefix(2), "q="), let first = text.dropFirst(2).first.flatMap(ASCII.digit), first <= 1
        else {
            return nil
        }
        let tail = text.dropFirst(3)
        let fraction = tail.dropFirst().compactMap(ASCII.digit)
        guard tail.isEmpty || tail.first == UInt8(ascii: "."), fraction.count == max(0, tail.count - 1),
            fraction.count <= 3
        else { return nil }
        let thousandths = zip(fraction, [100, 10, 1]).reduce(first * 1000) { $0 + $1.0 * $1.1 }
        return thousandths <= 1000 ? thousandths : nil
    }
}
