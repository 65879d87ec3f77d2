/// A set of bytes.
package struct ByteSet: Hashable, Sendable {
    /// Bit b % 64 of word b / 64.
    private var words: SIMD4<UInt64> = .zero

    package init() {}

    package init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    package static let all = ByteSet(UInt8.min...UInt8.max)

    package var isEmpty: Bool { words == .zero }

    package func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & Self.bit(byte) != 0 }

    package mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= Self.bit(byte) }

    package mutating func remove(_ byte: UInt8) { words[Int(byte >> 6)] &= ~Self.bit(byte) }

    private static func bit(_ byte: UInt8) -> UInt64 { 1 << UInt64(byte & 63) }
}
