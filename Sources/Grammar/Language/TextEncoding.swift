import JSON

/// How the characters of a pattern are written as bytes.
package enum TextEncoding: Sendable {
    /// As UTF-8.
    case plain
    /// As UTF-8 inside a JSON string: what `JSONWriter` escapes is, in the same form.
    case jsonString

    /// One character of the set.
    package func expression(_ set: ScalarSet) -> Expression {
        switch self {
        case .plain: return UTF8Ranges.expression(set)
        case .jsonString:
            var choices = [UTF8Ranges.expression(set.intersection(Self.unescaped))]
            for (scalar, escape) in Self.escapes where !set.intersection(ScalarSet(scalar)).isEmpty {
                choices.append(.text(escape))
            }
            return .choice(choices)
        }
    }

    package func expression(_ text: String) -> Expression {
        switch self {
        case .plain: .text(text)
        case .jsonString: .sequence(text.unicodeScalars.map { expression(ScalarSet($0)) })
        }
    }

    private static let unescaped = escapes.reduce(ScalarSet.all) { $0.subtracting(ScalarSet($1.0)) }

    private static let escapes: [(Unicode.Scalar, String)] =
        (0...UInt32(0x2029)).compactMap(Unicode.Scalar.init).compactMap { scalar in
            let text = String(
                decoding: JSONValue.string(String(scalar)).serialized.dropFirst().dropLast(), as: UTF8.self)
            return text.unicodeScalars.elementsEqual([scalar]) ? nil : (scalar, text)
        }
}

/// Scalar ranges as ranges of the bytes of their UTF-8 forms (the construction of RE2 and of Rust's utf8-ranges).
enum UTF8Ranges {
    static func expression(_ set: ScalarSet) -> Expression {
        var ascii = ByteSet()
        var choices: [Expression] = []
        for range in set.ranges {
            for part in lengths(of: range) {
                if part.upperBound < 0x80 {
                    for value in part { ascii.insert(UInt8(value)) }
                } else {
                    split(part, &choices)
                }
            }
        }
        if !ascii.isEmpty { choices.append(.byte(ascii)) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    /// The range cut where encodings become longer.
    private static func lengths(of range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
        [0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF]
            .filter(range.overlaps).map { range.clamped(to: $0) }
    }

    /// Cuts until all continuation bytes of a part are either one value or all, except in the first that differs.
    private static func split(_ range: ClosedRange<UInt32>, _ choices: inout [Expression]) {
        let (low, high) = (range.lowerBound, range.upperBound)
        for shift in stride(from: UInt32(6), to: 24, by: 6) {
            let mask = (UInt32(1) << shift) - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 {
                split(low...(low | mask), &choices)
                return split((low | mask) + 1...high, &choices)
            }
            if high & mask != mask {
                split(low...(high & ~mask) - 1, &choices)
                return split(high & ~mask...high, &choices)
            }
        }
        let bytes = zip(encoding(low), encoding(high)).map { Expression.byte(ByteSet($0...$1)) }
        choices.append(.sequence(bytes))
    }

    private static func encoding(_ value: UInt32) -> [UInt8] {
        let tail = { (shift: UInt32) in UInt8(0x80 | (value >> shift & 0x3F)) }
        return switch value {
        case ..<0x80: [UInt8(value)]
        case ..<0x800: [UInt8(0xC0 | value >> 6), tail(0)]
        case ..<0x10000: [UInt8(0xE0 | value >> 12), tail(6), tail(0)]
        default: [UInt8(0xF0 | value >> 18), tail(12), tail(6), tail(0)]
        }
    }
}
