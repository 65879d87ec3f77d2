/// The XXH64 hash (Yann Collet's specification): at the memory's speed, and a change by accident stays unseen once in
/// 2^64. Not against an adversary; for bytes that only we can write.
package enum XXH64 {
    private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
        0x27D4_EB2F_1656_67C5
    )

    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var hash: UInt64
        var offset = 0
        if bytes.count >= 32 {
            var lanes = (seed &+ primes.0 &+ primes.1, seed &+ primes.1, seed, seed &- primes.0)
            while offset + 32 <= bytes.count {
                lanes.0 = mix(lanes.0, word(bytes, offset))
                lanes.1 = mix(lanes.1, word(bytes, offset + 8))
                lanes.2 = mix(lanes.2, word(bytes, offset + 16))
                lanes.3 = mix(lanes.3, word(bytes, offset + 24))
                offset += 32
            }
            hash = turn(lanes.0, 1) &+ turn(lanes.1, 7) &+ turn(lanes.2, 12) &+ turn(lanes.3, 18)
            for lane in [lanes.0, lanes.1, lanes.2, lanes.3] { hash = (hash ^ mix(0, lane)) &* primes.0 &+ primes.3 }
        } else {
            hash = seed &+ primes.4
        }
        return avalanche(add(bytes, from: offset, to: hash &+ UInt64(bytes.count)))
    }

    /// The last bytes, fewer than 32.
    private static func add(_ bytes: UnsafeRawBufferPointer, from offset: Int, to hash: UInt64) -> UInt64 {
        var (hash, offset) = (hash, offset)
        while offset + 8 <= bytes.count {
            hash = turn(hash ^ mix(0, word(bytes, offset)), 27) &* primes.0 &+ primes.3
            offset += 8
        }
        if offset + 4 <= bytes.count {
            let half = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            hash = turn(hash ^ half &* primes.0, 23) &* primes.1 &+ primes.2
            offset += 4
        }
        for byte in bytes[offset...] { hash = turn(hash ^ UInt64(byte) &* primes.4, 11) &* primes.0 }
        return hash
    }

    private static func avalanche(_ hash: UInt64) -> UInt64 {
        var hash = hash
        hash = (hash ^ hash >> 33) &* primes.1
        hash = (hash ^ hash >> 29) &* primes.2
        return hash ^ hash >> 32
    }

    private static func mix(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        turn(lane &+ word &* primes.1, 31) &* primes.0
    }

    private static func turn(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
