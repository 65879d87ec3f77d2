/// Reads a regular expression: ECMA-262's syntax as far as it describes a regular language.
///
/// Groups, alternatives, classes, quantifiers, `.`, `\d \w \s` and their opposites, escapes; anchors at the ends of the
/// pattern. Lazy quantifiers and capturing change nothing about the language. Look-around, back references, `\b` and
/// `\p{…}` are refused.
package struct RegexParser {
    /// Deepest nesting of groups.
    private static let depthLimit = 100
    /// Largest count in braces.
    private static let countLimit = 100_000

    private let scalars: [Unicode.Scalar]
    private let encoding: TextEncoding
    private var position = 0
    private var depth = 0

    private init(_ pattern: String, encoding: TextEncoding) {
        scalars = Array(pattern.unicodeScalars)
        self.encoding = encoding
    }

    /// - Parameter isSearch: the pattern may match anywhere in the text unless it is anchored (as JSON Schema's do);
    ///   else it must match all of it.
    package static func expression(
        _ pattern: String, encoding: TextEncoding = .plain, isSearch: Bool = false
    ) throws(GrammarError) -> Expression {
        var parser = RegexParser(pattern, encoding: encoding)
        let alternatives = try parser.anchoredAlternatives()
        let anything = Expression.many(encoding.expression(.all))
        let choices = alternatives.map { alternative in
            Expression.sequence(
                (isSearch && !alternative.atStart ? [anything] : []) + [alternative.expression]
                    + (isSearch && !alternative.atEnd ? [anything] : []))
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private struct Anchored {
        var expression: Expression
        var atStart: Bool
        var atEnd: Bool
    }

    private func error(_ reason: String) -> GrammarError {
        .syntax(offset: scalars[..<min(position, scalars.count)].reduce(0) { $0 + UTF8.width($1) }, reason: reason)
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    // MARK: Alternatives, sequences, quantifiers

    private mutating func anchoredAlternatives() throws(GrammarError) -> [Anchored] {
        var alternatives: [Anchored] = []
        repeat {
            let atStart = skip("^")
            let expression = try sequence()
            alternatives.append(Anchored(expression: expression, atStart: atStart, atEnd: skip("$")))
        } while skip("|")
        if current == ")" { throw error("a ')' without its '('") }
        if let current { throw error("'\(current)' is not supported in the middle of a pattern") }
        return alternatives
    }

    private mutating func group() throws(GrammarError) -> Expression {
        depth += 1
        guard depth <= Self.depthLimit else { throw error("groups nested deeper than \(Self.depthLimit)") }
        defer { depth -= 1 }
        if skip("?") {
            // (?:…) and named groups only group; all else looks around or changes modes.
            if skip("<"), current != "=", current != "!" {
                while let scalar = current, scalar != ">" { position += 1 }
                guard skip(">") else { throw error("an unfinished group name") }
            } else if !skip(":") {
                throw error("look-around and mode groups are not supported")
            }
        }
        var choices: [Expression] = []
        repeat { choices.append(try sequence()) } while skip("|")
        guard skip(")") else {
            throw error(current == nil ? "a '(' without its ')'" : "an anchor inside a group is not supported")
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(GrammarError) -> Expression {
        var parts: [Expression] = []
        while let scalar = current, scalar != "|", scalar != ")", scalar != "$", scalar != "^" {
            parts.append(try quantified(try atom()))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified(_ atom: Expression) throws(GrammarError) -> Expression {
        guard let (min, max) = try quantifier() else { return atom }
        _ = skip("?")
        if let next = current, "*+?".unicodeScalars.contains(next) { throw error("a quantifier on a quantifier") }
        return .repetition(atom, min: min, max: max)
    }

    private mutating func quantifier() throws(GrammarError) -> (min: Int, max: Int?)? {
        if skip("*") { return (0, nil) }
        if skip("+") { return (1, nil) }
        if skip("?") { return (0, 1) }
        let start = position
        guard skip("{") else { return nil }
        guard let min = try number() else {
            // As in ECMA-262's Annex B, a brace that opens no count is a letter.
            position = start
            return nil
        }
        let max = skip(",") ? try number() : min
        guard skip("}") else { throw error("an unfinished count in braces") }
        if let max, max < min { throw error("a count whose end is before its start") }
        return (min, max)
    }

    private mutating func number() throws(GrammarError) -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            guard value ?? 0 <= Self.countLimit else { throw error("a count above \(Self.countLimit)") }
            position += 1
        }
        return value
    }

    // MARK: Atoms

    private mutating func atom() throws(GrammarError) -> Expression {
        guard let scalar = current else { throw error("an unfinished pattern") }
        switch scalar {
        case "*", "+", "?": throw error("a quantifier with nothing before it")
        case "(":
            position += 1
            return try group()
        case "[":
            position += 1
            return encoding.expression(try characterClass())
        case ".":
            position += 1
            return encoding.expression(ScalarSet.lineEnds.inverted)
        case "\\":
            position += 1
            return encoding.expression(try escape())
        default:
            position += 1
            return encoding.expression(ScalarSet(scalar))
        }
    }

    /// Behind the backslash.
    private mutating func escape(inClass: Bool = false) throws(GrammarError) -> ScalarSet {
        guard let scalar = current else { throw error("a backslash at the end") }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .wordLetters
        case "W": return ScalarSet.wordLetters.inverted
        case "s": return .spaces
        case "S": return ScalarSet.spaces.inverted
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "t": return ScalarSet("\t")
        case "f": return ScalarSet("\u{C}")
        case "v": return ScalarSet("\u{B}")
        case "0": return ScalarSet("\u{0}")
        case "b" where inClass: return ScalarSet("\u{8}")
        case "x": return ScalarSet(try hexScalar(digits: 2))
        case "u": return ScalarSet(try unicodeEscape())
        case "b", "B", "p", "P", "k", "c", "1"..."9":
            position -= 1
            throw error("the escape '\\\(scalar)' is not supported")
        default: return ScalarSet(scalar)
        }
    }

    /// Four digits, any number in braces, or two escapes that are a surrogate pair.
    private mutating func unicodeEscape() throws(GrammarError) -> Unicode.Scalar {
        if skip("{") {
            var value: UInt32 = 0
            while let digit = current.flatMap({ Character($0).hexDigitValue }) {
                value = value << 4 | UInt32(digit)
                guard value <= 0x10FFFF else { throw error("a code point beyond U+10FFFF") }
                position += 1
            }
            guard skip("}"), let scalar = Unicode.Scalar(value) else { throw error("not a code point") }
            return scalar
        }
        let first = try hexValue(digits: 4)
        if (0xD800...0xDBFF).contains(first), skip("\\"), skip("u") {
            let second = try hexValue(digits: 4)
            guard (0xDC00...0xDFFF).contains(second) else { throw error("half of a surrogate pair") }
            let value = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
            if let scalar = Unicode.Scalar(value) { return scalar }
        }
        guard let scalar = Unicode.Scalar(first) else { throw error("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexScalar(digits: Int) throws(GrammarError) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(try hexValue(digits: digits)) else { throw error("not a code point") }
        return scalar
    }

    private mutating func hexValue(digits: Int) throws(GrammarError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = current.flatMap({ Character($0).hexDigitValue }) else {
                throw error("\(digits) hexadecimal digits expected")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Behind the opening bracket.
    private mutating func characterClass() throws(GrammarError) -> ScalarSet {
        let isInverted = skip("^")
        var set = ScalarSet()
        while !skip("]") {
            let first = try classItem()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                set = set.union(first)
                continue
            }
            position += 1
            let last = try classItem()
            guard let low = first.single, let high = last.single, low <= high else {
                throw error("a range that is none")
            }
            set = set.union(ScalarSet([low...high]).intersection(.all))
        }
        return isInverted ? set.inverted : set
    }

    private mutating func classItem() throws(GrammarError) -> ScalarSet {
        guard let scalar = current else { throw error("a '[' without its ']'") }
        position += 1
        return scalar == "\\" ? try escape(inClass: true) : ScalarSet(scalar)
    }
}

extension ScalarSet {
    /// The value of a set with one member.
    fileprivate var single: UInt32? {
        guard ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
