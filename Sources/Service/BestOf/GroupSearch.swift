import Grammar

/// Finds what the one group of a regular expression holds, without ever going back over a text: the parts before the group,
/// in it and behind it are automata. What stands before the group is as short as it can be, the group as long.
struct GroupSearch: Sendable {
    private let before: TextMatcher
    private let group: TextMatcher
    private let after: TextMatcher
    /// Whether the pattern is tied to an end of the text.
    private let atStart: Bool
    private let atEnd: Bool

    /// Bytes that a search may look at, some more than once.
    private static let stepsLimit = 2_000_000

    init(_ pattern: String) throws(GrammarError) {
        let parts = try Self.split(Array(pattern.unicodeScalars))
        // A part that is only an anchor is empty to the parser; what it ties is looked at here.
        (atStart, atEnd) = (parts.before.hasPrefix("^"), parts.isTied)
        before = try Self.matcher(parts.before)
        group = try Self.matcher(parts.group)
        after = try Self.matcher(parts.after)
    }

    private static func matcher(_ pattern: String) throws(GrammarError) -> TextMatcher {
        try TextMatcher(Grammar(try RegexParser.expression(pattern)))
    }

    /// In the last of the matches that do not overlap; nil where there is none, or the search takes too long.
    func lastGroup(in text: String) -> String? {
        let bytes = Array(text.utf8)
        var (steps, start) = (Self.stepsLimit, 0)
        var found: Range<Int>?
        while start <= (atStart ? 0 : bytes.count) {
            let match = match(in: bytes, from: start, steps: &steps)
            guard steps > 0 else { return nil }
            found = match?.group ?? found
            start = max(match?.end ?? 0, start + 1)
        }
        return found.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    private func match(in text: [UInt8], from start: Int, steps: inout Int) -> (group: Range<Int>, end: Int)? {
        for first in before.ends(in: text, from: start, steps: &steps) {
            for last in group.ends(in: text, from: first, steps: &steps).reversed() {
                let ends = after.ends(in: text, from: last, steps: &steps)
                if let end = ends.first(where: { !atEnd || $0 == text.count }) { return (first..<last, end) }
            }
        }
        return nil
    }

    private struct Parts {
        let before: String
        let group: String
        let after: String
        /// The pattern ends with an anchor.
        let isTied: Bool
    }

    /// The pattern at its group, which must be one and stand at the top.
    private static func split(_ pattern: [Unicode.Scalar]) throws(GrammarError) -> Parts {
        var groups: [Range<Int>] = []
        var (opened, depth, isInClass, index, isTied) = (0, 0, false, 0, false)
        while index < pattern.count {
            switch pattern[index] {
            case "\\": index += 1
            case "[": isInClass = true
            case "]": isInClass = false
            case "(" where !isInClass:
                let captures = index + 1 == pattern.count || pattern[index + 1] != "?"
                guard !captures || depth == 0 else { throw error("the group must not stand in another", index) }
                if captures { groups.append(index..<index) }
                if depth == 0 { opened = index }
                depth += 1
            case ")" where !isInClass:
                depth -= 1
                if depth == 0, groups.last?.lowerBound == opened { groups[groups.count - 1] = opened..<index }
            case "^" where !isInClass && index > 0: throw error("'^' must stand at the beginning", index)
            case "$" where !isInClass:
                guard index == pattern.count - 1 else { throw error("'$' must stand at the end", index) }
                isTied = true
            case "|" where !isInClass && depth == 0: throw error("'|' must stand in a group", index)
            default: break
            }
            index += 1
        }
        guard groups.count == 1, !groups[0].isEmpty else { throw error("exactly one group '(…)' is needed", 0) }
        let group = groups[0]
        let text = { (scalars: ArraySlice<Unicode.Scalar>) in String(String.UnicodeScalarView(scalars)) }
        return Parts(
            before: text(pattern[..<group.lowerBound]), group: text(pattern[(group.lowerBound + 1)..<group.upperBound]),
            after: text(pattern[(group.upperBound + 1)...]), isTied: isTied)
    }

    private static func error(_ reason: String, _ offset: Int) -> GrammarError {
        .syntax(offset: offset, reason: reason)
    }
}
