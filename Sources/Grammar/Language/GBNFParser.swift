/// Reads llama.cpp's grammar notation: `root ::= "yes" | "no" [a-z]{1,3} other-rule*`.
///
/// A rule ends with its line, unless the line ends with `|` or stands in parentheses.
package struct GBNFParser {
    private static let depthLimit = 100
    private static let ruleLimit = 10_000
    private static let countLimit = 100_000

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var numbers: [String: Int] = [:]
    private var names: [String] = []
    /// By number; nil for rules that are only referred to so far.
    private var rules: [Expression?] = []

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    package static func grammar(_ text: String) throws(GrammarError) -> Grammar {
        var parser = GBNFParser(text)
        return try parser.grammar()
    }

    private mutating func grammar() throws(GrammarError) -> Grammar {
        skipSpace(newlines: true)
        while current != nil {
            try rule()
            skipSpace(newlines: true)
        }
        guard let root = numbers["root"] else { throw error("the grammar has no rule 'root'") }
        var complete: [Expression] = []
        for (number, rule) in rules.enumerated() {
            guard let rule else { throw error("the rule '\(names[number])' is not defined") }
            complete.append(rule)
        }
        return Grammar(rules: complete, root: root, names: names)
    }

    private func error(_ reason: String) -> GrammarError {
        .syntax(offset: scalars[..<min(position, scalars.count)].reduce(0) { $0 + UTF8.width($1) }, reason: reason)
    }

    // MARK: Letters

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skip(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    /// White space and comments.
    private mutating func skipSpace(newlines: Bool) {
        while let scalar = current {
            if scalar == "#" {
                while let scalar = current, scalar != "\n", scalar != "\r" { position += 1 }
            } else if scalar == " " || scalar == "\t" || newlines && (scalar == "\n" || scalar == "\r") {
                position += 1
            } else {
                return
            }
        }
    }

    private mutating func name() -> String? {
        let start = position
        while let scalar = current, Self.isNameLetter(scalar) { position += 1 }
        guard position > start else { return nil }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars[start..<position])
        return name
    }

    private static func isNameLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_")
    }

    // MARK: Rules

    private mutating func number(of name: String) throws(GrammarError) -> Int {
        if let number = numbers[name] { return number }
        guard rules.count < Self.ruleLimit else { throw error("more than \(Self.ruleLimit) rules") }
        numbers[name] = rules.count
        names.append(name)
        rules.append(nil)
        return rules.count - 1
    }

    private mutating func rule() throws(GrammarError) {
        guard let name = name() else { throw error("a rule name expected") }
        let number = try number(of: name)
        skipSpace(newlines: false)
        guard skip("::=") else { throw error("'::=' expected") }
        guard rules[number] == nil else { throw error("the rule '\(name)' is defined twice") }
        skipSpace(newlines: true)
        rules[number] = try alternatives(nested: false)
        guard current == nil || current == "\n" || current == "\r" else { throw error("the end of the line expected") }
    }

    private mutating func alternatives(nested: Bool) throws(GrammarError) -> Expression {
        var choices = [try sequence(nested: nested)]
        while skip("|") {
            skipSpace(newlines: true)
            choices.append(try sequence(nested: nested))
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence(nested: Bool) throws(GrammarError) -> Expression {
        var parts: [Expression] = []
        while let part = try atom() {
            skipSpace(newlines: nested)
            parts.append(try repeated(part, nested: nested))
            skipSpace(newlines: nested)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ part: Expression, nested: Bool) throws(GrammarError) -> Expression {
        if skip("*") { return .many(part) }
        if skip("+") { return .repetition(part, min: 1, max: nil) }
        if skip("?") { return .optional(part) }
        guard skip("{") else { return part }
        skipSpace(newlines: nested)
        guard let min = try count() else { throw error("a count expected") }
        skipSpace(newlines: nested)
        var max: Int? = min
        if skip(",") {
            skipSpace(newlines: nested)
            max = try count()
            skipSpace(newlines: nested)
        }
        guard skip("}") else { throw error("'}' expected") }
        if let max, max < min { throw error("a count whose end is before its start") }
        return .repetition(part, min: min, max: max)
    }

    private mutating func count() throws(GrammarError) -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            guard value ?? 0 <= Self.countLimit else { throw error("a count above \(Self.countLimit)") }
            position += 1
        }
        return value
    }

    private mutating func atom() throws(GrammarError) -> Expression? {
        guard let scalar = current else { return nil }
        if skip("\"") { return try literal() }
        if skip("[") { return UTF8Ranges.expression(try characterClass()) }
        if skip(".") { return UTF8Ranges.expression(.all) }
        if skip("(") { return try group() }
        guard Self.isNameLetter(scalar), let name = name() else { return nil }
        return .rule(try number(of: name))
    }

    private mutating func group() throws(GrammarError) -> Expression {
        depth += 1
        guard depth <= Self.depthLimit else { throw error("groups nested deeper than \(Self.depthLimit)") }
        defer { depth -= 1 }
        skipSpace(newlines: true)
        let inner = try alternatives(nested: true)
        guard skip(")") else { throw error("')' expected") }
        return inner
    }

    private mutating func literal() throws(GrammarError) -> Expression {
        var text = ""
        while !skip("\"") { text.unicodeScalars.append(try letter()) }
        return .text(text)
    }

    private mutating func characterClass() throws(GrammarError) -> ScalarSet {
        let isInverted = skip("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !skip("]") {
            let first = try letter().value
            var last = first
            if current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                last = try letter().value
            }
            guard first <= last else { throw error("a range that is none") }
            ranges.append(first...last)
        }
        let set = ScalarSet(ranges).intersection(.all)
        return isInverted ? set.inverted : set
    }

    private mutating func letter() throws(GrammarError) -> Unicode.Scalar {
        guard let scalar = current else { throw error("an unfinished literal or class") }
        position += 1
        guard scalar == "\\" else { return scalar }
        guard let escape = current else { throw error("a backslash at the end") }
        position += 1
        switch escape {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "x": return try hex(digits: 2)
        case "u": return try hex(digits: 4)
        case "U": return try hex(digits: 8)
        case "\"", "\\", "[", "]", "-", "^": return escape
        default: throw error("the escape '\\\(escape)' is not known")
        }
    }

    private mutating func hex(digits: Int) throws(GrammarError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = current.flatMap({ Character($0).hexDigitValue }) else {
                throw error("\(digits) hexadecimal digits expected")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw error("not a code point") }
        return scalar
    }
}
