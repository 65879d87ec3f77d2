/// A set of Unicode scalar values, kept as rising ranges that neither overlap nor touch.
package struct ScalarSet: Sendable, Equatable {
    package private(set) var ranges: [ClosedRange<UInt32>] = []

    /// Everything but the surrogates, which are no scalar values.
    package static let all = ScalarSet([0...0xD7FF, 0xE000...0x10FFFF])
    package static let digits = ScalarSet([0x30...0x39])
    package static let wordLetters = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// ECMA-262's white space.
    package static let spaces = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    package static let lineEnds = ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])

    package init() {}

    package init(_ ranges: [ClosedRange<UInt32>]) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
    }

    package init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    package var isEmpty: Bool { ranges.isEmpty }

    package var inverted: ScalarSet { Self.all.subtracting(self) }

    package func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    package func intersection(_ other: ScalarSet) -> ScalarSet {
        var common: [ClosedRange<UInt32>] = []
        for one in ranges {
            for two in other.ranges where one.overlaps(two) { common.append(one.clamped(to: two)) }
        }
        return ScalarSet(common)
    }

    package func subtracting(_ other: ScalarSet) -> ScalarSet {
        var left: [ClosedRange<UInt32>] = []
        for range in ranges {
            var start = range.lowerBound
            for hole in other.ranges where hole.overlaps(start...range.upperBound) {
                if hole.lowerBound > start { left.append(start...hole.lowerBound - 1) }
                guard hole.upperBound < range.upperBound else {
                    start = .max
                    break
                }
                start = hole.upperBound + 1
            }
            if start <= range.upperBound { left.append(start...range.upperBound) }
        }
        return ScalarSet(left)
    }

    /// The lower bound is not below that of any range before.
    private mutating func append(_ range: ClosedRange<UInt32>) {
        guard let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 else { return ranges.append(range) }
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }
}
