import Grammar
package import OpenAI

/// Finds the answer in a text, and writes equal answers the same way.
package struct AnswerExtractor: Sendable {
    private enum Search: Sendable {
        case lastNumber
        case boxed
        case group(GroupSearch)
    }

    private let search: Search

    /// - Parameter param: the request field of the regular expression.
    package init(_ extraction: AnswerExtraction, param: String) throws(APIError) {
        switch extraction {
        case .lastNumber: search = .lastNumber
        case .boxed: search = .boxed
        case .regex(let pattern):
            do throws(GrammarError) {
                search = .group(try GroupSearch(pattern))
            } catch {
                throw .invalid(param, "'\(param)' cannot be used: \(error).")
            }
        }
    }

    /// Nil where there is none.
    package func answer(in text: String) -> String? {
        switch search {
        case .lastNumber: Self.lastNumber(in: text)
        case .boxed: Self.boxed(in: text).map(Self.normalized)
        case .group(let search): search.lastGroup(in: text).map(Self.normalized)
        }
    }

    // MARK: Where it stands

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func lastNumber(in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let last = bytes.lastIndex(where: isDigit) else { return nil }
        let point = UInt8(ascii: "."), comma = UInt8(ascii: ",")
        var first = last
        while first > 0, isDigit(bytes[first - 1]) || bytes[first - 1] == point || bytes[first - 1] == comma {
            first -= 1
        }
        while !isDigit(bytes[first]) { first += 1 }
        // A minus is a sign unless it stands between two numbers or words.
        let before = first > 1 ? bytes[first - 2] : UInt8(ascii: " ")
        let isLetter = isDigit(before) || (0x41...0x5A).contains(before & 0xDF)
        if first > 0, bytes[first - 1] == UInt8(ascii: "-"), !isLetter { first -= 1 }
        return number(String(decoding: bytes[first...last], as: UTF8.self))
    }

    private static func boxed(in text: String) -> String? {
        let (bytes, mark) = (Array(text.utf8), Array("\\boxed{".utf8))
        guard bytes.count >= mark.count,
            let start = (0...(bytes.count - mark.count)).last(where: { bytes[$0...].starts(with: mark) })
        else { return nil }
        var depth = 1
        let inside = bytes[(start + mark.count)...]
        for (index, byte) in zip(inside.indices, inside) {
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return String(decoding: bytes[(start + mark.count)..<index], as: UTF8.self) }
        }
        return nil
    }

    // MARK: One way to write it

    /// Numbers as numbers; of other text small letters, single spaces, no full stop at the end.
    static func normalized(_ text: String) -> String {
        let words = text.split { $0.isWhitespace }.joined(separator: " ")
        let bare = words.hasSuffix(".") ? String(words.dropLast()) : words
        return number(bare) ?? bare.lowercased()
    }

    /// `-1,234.50` and `$-1234.5` become `-1234.5`; nil for what is no decimal number.
    private static func number(_ text: String) -> String? {
        var digits = text.utf8.filter { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "$") }
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.allSatisfy(isDigit) }),
            digits.contains(where: isDigit)
        else { return nil }
        let zero = UInt8(ascii: "0")
        let whole = parts[0].drop { $0 == zero }
        let fraction = parts.count == 2 ? parts[1].reversed().drop { $0 == zero }.reversed() : []
        let text =
            (whole.isEmpty ? "0" : String(decoding: whole, as: UTF8.self))
            + (fraction.isEmpty ? "" : "." + String(decoding: Array(fraction), as: UTF8.self))
        return isNegative && text != "0" ? "-" + text : text
    }
}
