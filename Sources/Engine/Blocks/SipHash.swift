/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): whoever does not know the key can neither guess a
/// name nor make two things that have the same. Swift's `Hasher` takes no key, and another one in each process.
package struct SipHash {
    private var (v0, v1, v2, v3): (UInt64, UInt64, UInt64, UInt64)
    private var byteCount = 0

    package init(key: PrefixKey) {
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    package mutating func append(_ word: UInt64) {
        byteCount += 8
        compress(word)
    }

    /// The hash of all words and of `rest` behind them.
    package consuming func finish(_ rest: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) -> (
        low: UInt64, high: UInt64
    ) {
        let whole = rest.count / 8 * 8
        for offset in stride(from: 0, to: whole, by: 8) {
            compress(UInt64(littleEndian: rest.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        var last = UInt64(truncatingIfNeeded: byteCount + rest.count) << 56
        for (place, byte) in rest.dropFirst(whole).enumerated() { last |= UInt64(byte) << (8 * UInt64(place)) }
        compress(last)
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        return (low, v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 &+= v1
        v2 &+= v3
        v1 = v1 << 13 | v1 >> 51
        v3 = v3 << 16 | v3 >> 48
        v1 ^= v0
        v3 ^= v2
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v1
        v0 &+= v3
        v1 = v1 << 17 | v1 >> 47
        v3 = v3 << 21 | v3 >> 43
        v1 ^= v2
        v3 ^= v0
        v2 = v2 << 32 | v2 >> 32
    }
}
