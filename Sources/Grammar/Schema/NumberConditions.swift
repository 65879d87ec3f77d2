import JSON

/// What a schema asks of numbers besides their range: multiples, and values that `not` takes away. Numbers with
/// conditions are written without exponent.
struct NumberConditions {
    /// Largest step, in units of its last decimal; the automaton has a state for each remainder.
    private static let stepLimit = 10_000
    private static let placesLimit = 18

    private var multiples: [Expression] = []
    private var exclusions: [Expression] = []

    var isEmpty: Bool { multiples.isEmpty && exclusions.isEmpty }

    init(_ schema: Schema) throws(GrammarError) {
        for value in schema.all("multipleOf") { multiples.append(try Self.multiples(of: value, schema)) }
        for member in try schema.exclusions() {
            if member.name == "multipleOf" {
                exclusions.append(try Self.multiples(of: member.value, schema))
            } else {
                for value in member.value.array ?? [] { exclusions.append(try Self.spellings(of: value, schema)) }
            }
        }
    }

    func applied(to numbers: Expression) -> Expression {
        let some = multiples.reduce(numbers) { .intersection($0, $1) }
        return exclusions.isEmpty ? some : .difference(some, .choice(exclusions))
    }

    private static func multiples(of value: JSONValue, _ schema: Schema) throws(GrammarError) -> Expression {
        guard let number = value.number, number > 0 else {
            throw schema.fault("multipleOf", "a number above 0 expected")
        }
        guard let decimal = Decimal(value), decimal.places <= placesLimit, let step = Int(decimal.digits) else {
            throw schema.unsupported("multipleOf")
        }
        guard step <= stepLimit else {
            throw .tooComplex("'multipleOf' with \(decimal.digits) as digits; \(stepLimit) is the limit")
        }
        return .sequence([.optional(.text("-")), .multiple(of: step, places: decimal.places)])
    }

    /// A value with any number of zeros behind it.
    private static func spellings(of value: JSONValue, _ schema: Schema) throws(GrammarError) -> Expression {
        guard let number = value.number, let decimal = Decimal(value) else { throw schema.unsupported("not") }
        let zeros = Expression.many(.text("0"))
        let missing = Swift.max(0, decimal.places + 1 - decimal.digits.count)
        let digits = String(repeating: "0", count: missing) + decimal.digits
        let (whole, fraction) = (digits.dropLast(decimal.places), digits.suffix(decimal.places))
        let tail: Expression =
            fraction.isEmpty ? .optional(.sequence([.text(".0"), zeros])) : .sequence([.text("." + fraction), zeros])
        let sign: Expression = number == 0 ? .optional(.text("-")) : .text(number < 0 ? "-" : "")
        return .sequence([sign, .text(String(whole)), tail])
    }
}

/// A number's magnitude as `digits` / 10^`places`, exactly as its shortest text has it.
private struct Decimal {
    var digits: String
    var places: Int

    /// Nil for numbers of more digits than any integer has.
    init?(_ value: JSONValue) {
        let text = value.integer.map { "\($0.magnitude)" } ?? value.number.map { "\($0.magnitude)" } ?? ""
        let parts = text.split(separator: "e")
        guard let mantissa = parts.first, let exponent = parts.count == 2 ? Int(parts[1]) : 0 else { return nil }
        let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        var fraction = halves.count == 2 ? String(halves[1]) : ""
        while fraction.last == "0" { fraction.removeLast() }
        let zeros = Swift.max(0, exponent - fraction.count)
        guard zeros <= 18, exponent >= -400 else { return nil }
        let all = String(halves[0]) + fraction + String(repeating: "0", count: zeros)
        digits = String(all.drop { $0 == "0" })
        if digits.isEmpty { digits = "0" }
        places = Swift.max(0, fraction.count - exponent)
        guard digits.count <= 18, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    }
}
