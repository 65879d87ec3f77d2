/// SHA-256 (FIPS 180-4), for keys of clients.
///
/// Our own, since all that is needed of it is a hash of some fifty bytes: swift-crypto would take longer to build than
/// the server, and OpenSSL would be linked for this alone. It has no branch and no table index that depends on the bytes,
/// so its time tells nothing but their number.
package enum SHA256 {
    /// The 32 bytes as four words, big-endian, so that two compare without an early exit.
    package struct Digest: Sendable, Hashable {
        fileprivate var words: SIMD4<UInt64>

        /// Whether both are the same, in a time that does not depend on where they differ.
        func matches(_ other: Digest) -> Bool {
            let difference = words ^ other.words
            return difference[0] | difference[1] | difference[2] | difference[3] == 0
        }

        /// From 64 hexadecimal digits.
        package init?(hex: String) {
            let digits = Array(hex.utf8)
            guard digits.count == 64 else { return nil }
            words = .zero
            for (place, digit) in digits.enumerated() {
                guard let value = Self.value(of: digit) else { return nil }
                words[place / 16] = words[place / 16] << 4 | value
            }
        }

        fileprivate init(state: [UInt32]) {
            words = .zero
            for (place, word) in state.enumerated() { words[place / 2] = words[place / 2] << 32 | UInt64(word) }
        }

        private static func value(of digit: UInt8) -> UInt64? {
            switch digit {
            case 0x30...0x39: UInt64(digit - 0x30)
            case 0x41...0x46: UInt64(digit - 0x41 + 10)
            case 0x61...0x66: UInt64(digit - 0x61 + 10)
            default: nil
            }
        }

        package var hex: String {
            (0..<4).map { place in
                let digits = String(words[place], radix: 16)
                return String(repeating: "0", count: 16 - digits.utf8.count) + digits
            }.joined()
        }
    }

    package static func hash(_ bytes: some Collection<UInt8>) -> Digest {
        var message = Array(bytes)
        let bits = UInt64(message.count) * 8
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) { message.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        var state = initialState
        for start in stride(from: 0, to: message.count, by: 64) { absorb(message[start..<start + 64], into: &state) }
        return Digest(state: state)
    }

    /// FIPS 180-4, 6.2.2.
    private static func absorb(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        let schedule = schedule(of: block)
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for round in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            let first = h &+ sum1 &+ choice &+ constants[round] &+ schedule[round]
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ sum0 &+ majority)
        }
        for (place, word) in [a, b, c, d, e, f, g, h].enumerated() { state[place] &+= word }
    }

    private static func schedule(of block: ArraySlice<UInt8>) -> [UInt32] {
        var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { start in
            block[start..<start + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        }
        words.reserveCapacity(64)
        for place in 16..<64 {
            let (old, young) = (words[place - 15], words[place - 2])
            let sum0 = rotated(old, 7) ^ rotated(old, 18) ^ (old >> 3)
            let sum1 = rotated(young, 17) ^ rotated(young, 19) ^ (young >> 10)
            words.append(words[place - 16] &+ sum0 &+ words[place - 7] &+ sum1)
        }
        return words
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    /// FIPS 180-4, 5.3.3.
    private static let initialState: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// FIPS 180-4, 4.2.2.
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
