import JSON

/// The decimal numbers between two bounds, as texts without exponent.
struct NumberRange {
    /// A bound's magnitude as digits: 12.5 is "12" and "5".
    private struct Magnitude {
        var whole: [UInt8]
        var fraction: [UInt8]

        var isZero: Bool { whole == [0] && fraction.isEmpty }
    }

    private struct Bound {
        let value: Double
        let magnitude: Magnitude
        let isExclusive: Bool
    }

    private var low: Bound?
    private var high: Bound?

    init(_ schema: Schema) throws(GrammarError) {
        low = try Self.bound(schema, "minimum", "exclusiveMinimum", isTighter: >)
        high = try Self.bound(schema, "maximum", "exclusiveMaximum", isTighter: <)
    }

    /// Whether the schema sets no bounds.
    var isOpen: Bool { low == nil && high == nil }

    private static func bound(
        _ schema: Schema, _ inclusive: String, _ exclusive: String, isTighter: (Double, Double) -> Bool
    ) throws(GrammarError) -> Bound? {
        var bounds: [Bound] = []
        for (keyword, isExclusive) in [(exclusive, true), (inclusive, false)] {
            // The oldest drafts had booleans here.
            if schema.object[keyword]?.bool != nil { throw schema.unsupported(keyword) }
            guard let value = try schema.number(keyword), let number = value.number else { continue }
            guard let magnitude = magnitude(of: value) else { throw schema.unsupported(keyword) }
            bounds.append(Bound(value: number, magnitude: magnitude, isExclusive: isExclusive))
        }
        guard let first = bounds.first, let last = bounds.last else { return nil }
        return isTighter(last.value, first.value) ? last : first
    }

    /// Nil for numbers so large or small that their shortest text has an exponent.
    private static func magnitude(of value: JSONValue) -> Magnitude? {
        let text = value.integer.map { "\($0.magnitude)" } ?? value.number.map { "\($0.magnitude)" } ?? ""
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        guard (1...2).contains(parts.count), parts.joined().allSatisfy({ (0x30...0x39).contains($0) }),
            !parts[0].isEmpty, parts[0].count <= 18
        else { return nil }
        var fraction = parts.count == 2 ? parts[1].map { $0 - 0x30 } : []
        while fraction.last == 0 { fraction.removeLast() }
        return Magnitude(whole: parts[0].map { $0 - 0x30 }, fraction: fraction)
    }

    // MARK: Signs

    var integers: Expression { signed { Self.wholes($0, $1) } }
    var numbers: Expression { signed { Self.decimals($0, $1) } }

    private var isEmpty: Bool {
        guard let low, let high else { return false }
        return low.value > high.value || low.value == high.value && (low.isExclusive || high.isExclusive)
    }

    /// Nonnegative numbers from the part of the range above zero; negative ones from the mirrored part below.
    private func signed(_ between: (Bound?, Bound?) -> Expression) -> Expression {
        guard !isEmpty else { return .never }
        var choices: [Expression] = []
        let isPositive = high.map { $0.value > 0 || $0.value == 0 && !$0.isExclusive } ?? true
        if isPositive {
            let start = low.flatMap { $0.value > 0 || $0.value == 0 && $0.isExclusive ? $0 : nil }
            choices.append(between(start, high))
        }
        if low.map({ $0.value < 0 }) ?? true {
            let zero = Bound(value: 0, magnitude: Magnitude(whole: [0], fraction: []), isExclusive: true)
            let start = high.flatMap { $0.value < 0 ? $0 : nil } ?? zero
            choices.append(.sequence([.text("-"), between(start, low)]))
        }
        return .choice(choices)
    }

    // MARK: Whole numbers

    /// Whole numbers from one magnitude to another, bounds rounded to the inside.
    private static func wholes(_ low: Bound?, _ high: Bound?) -> Expression {
        var first = low?.magnitude.whole ?? [0]
        if let low, low.isExclusive || !low.magnitude.fraction.isEmpty { increment(&first) }
        guard let high else { return from(first) }
        var last = high.magnitude.whole
        if high.isExclusive, high.magnitude.fraction.isEmpty {
            guard !high.magnitude.isZero else { return .never }
            decrement(&last)
        }
        return between(first, last)
    }

    private static func increment(_ digits: inout [UInt8]) {
        for place in digits.indices.reversed() {
            guard digits[place] == 9 else {
                digits[place] += 1
                return
            }
            digits[place] = 0
        }
        digits.insert(1, at: 0)
    }

    /// The number is not zero.
    private static func decrement(_ digits: inout [UInt8]) {
        for place in digits.indices.reversed() {
            guard digits[place] == 0 else {
                digits[place] -= 1
                break
            }
            digits[place] = 9
        }
        if digits.count > 1, digits[0] == 0 { digits.removeFirst() }
    }

    /// Numbers of at least `first`, with no more digits than an integer ever has.
    private static func from(_ first: [UInt8]) -> Expression { between(first, [UInt8](repeating: 9, count: 18)) }

    private static func between(_ first: [UInt8], _ last: [UInt8]) -> Expression {
        guard first.count <= last.count else { return .never }
        var choices: [Expression] = []
        for count in first.count...last.count {
            let smallest = count == 1 ? [0] : [1] + [UInt8](repeating: 0, count: count - 1)
            let low = count == first.count ? first : smallest
            let high = count == last.count ? last : [UInt8](repeating: 9, count: count)
            guard !high.lexicographicallyPrecedes(low) else { continue }
            choices.append(sameLength(low[...], high[...]))
        }
        return .choice(choices)
    }

    /// Digits between two texts of the same length, the first not behind the second.
    private static func sameLength(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>) -> Expression {
        guard let first = low.first, let last = high.first else { return .empty }
        let (lowRest, highRest) = (low.dropFirst(), high.dropFirst())
        let zeros = [UInt8](repeating: 0, count: lowRest.count)[...]
        let nines = [UInt8](repeating: 9, count: lowRest.count)[...]
        if first == last { return .sequence([digits(first, first), sameLength(lowRest, highRest)]) }
        if lowRest == zeros, highRest == nines { return .sequence([digits(first, last), anyDigits(lowRest.count)]) }
        var choices: [Expression] = [
            .sequence([digits(first, first), sameLength(lowRest, nines)]),
            .sequence([digits(last, last), sameLength(zeros, highRest)]),
        ]
        if last - first > 1 {
            choices.append(.sequence([digits(first + 1, last - 1), anyDigits(lowRest.count)]))
        }
        return .choice(choices)
    }

    private static func digits(_ first: UInt8, _ last: UInt8) -> Expression {
        .byte(ByteSet(0x30 + first...0x30 + last))
    }

    private static func anyDigits(_ count: Int) -> Expression { JSONText.digits(count, count) }

    // MARK: Decimals

    /// Whole parts strictly inside with any fraction, and the outermost whole parts with fractions that fit.
    private static func decimals(_ low: Bound?, _ high: Bound?) -> Expression {
        let anyFraction = Expression.optional(JSONText.fraction)
        let bottom = low ?? Bound(value: 0, magnitude: Magnitude(whole: [0], fraction: []), isExclusive: false)
        let start = bottom.magnitude.whole
        if let high, high.magnitude.whole == start {
            return .sequence([literal(start), fractions(from: bottom, to: high)])
        }
        var choices: [Expression] = [.sequence([literal(start), fractions(from: bottom, to: nil)])]
        var inner = start
        increment(&inner)
        guard let high else { return .choice(choices + [.sequence([from(inner), anyFraction])]) }
        var last = high.magnitude.whole
        choices.append(.sequence([literal(last), fractions(from: nil, to: high)]))
        if last != [0] {
            decrement(&last)
            choices.append(.sequence([between(inner, last), anyFraction]))
        }
        return .choice(choices)
    }

    private static func literal(_ digits: [UInt8]) -> Expression { .literal(digits.map { 0x30 + $0 }) }

    /// The part from the point on, or nothing, of numbers whose whole part is that of the bounds.
    private static func fractions(from low: Bound?, to high: Bound?) -> Expression {
        let (first, last) = (low?.magnitude.fraction ?? [], high?.magnitude.fraction)
        let isOpen = low?.isExclusive ?? false
        let tail = fractionDigits(first[...], last.map { $0[...] }, isOpen, high?.isExclusive ?? false, left: 18)
        let zero: Expression = first.isEmpty && !isOpen && !(last == [] && high?.isExclusive == true) ? .empty : .never
        return .choice([zero, .sequence([.text("."), tail])])
    }

    /// At least one digit; those of numbers between the bounds, which may be cut off (then zeros follow). Without `last`
    /// there is no upper bound.
    private static func fractionDigits(
        _ first: ArraySlice<UInt8>, _ last: ArraySlice<UInt8>?, _ opensFirst: Bool, _ opensLast: Bool, left: Int
    ) -> Expression {
        guard left > 0 else { return .never }
        if first.isEmpty, !opensFirst, last == nil { return JSONText.digits(1, left) }
        let low = first.first ?? 0
        let high = last.map { $0.first ?? 0 } ?? 9
        guard low <= high else { return .never }
        var choices: [Expression] = []
        for digit in low...high {
            let restFirst = digit == low ? first.dropFirst() : []
            let opens = digit == low && opensFirst
            let restLast = digit == high ? last.map { $0.dropFirst() } : nil
            // Ending here means zeros from here on: at the bounds that must not be outside.
            let fitsLow = digit > low || restFirst.isEmpty && !opensFirst
            let fitsHigh = digit < high || restLast.map { !$0.isEmpty || !opensLast } ?? true
            var ends: [Expression] = fitsLow && fitsHigh ? [.empty] : []
            // Behind the last digit of both bounds only zeros would follow: such texts are left out.
            if restLast.map({ !$0.isEmpty }) ?? true {
                ends.append(fractionDigits(restFirst, restLast, opens, opensLast, left: left - 1))
            }
            choices.append(.sequence([digits(digit, digit), .choice(ends)]))
        }
        return .choice(choices)
    }
}
