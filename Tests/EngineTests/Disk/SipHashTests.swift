import Engine
import Testing

struct SipHashTests {
    /// The authors' vectors for SipHash-2-4 with 128 bits: key 00 to 0f, input 00, 01, …
    @Test(arguments: [
        (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
    ]) func `hashes as its authors do`(length: Int, expected: String) {
        let key = PrefixKey(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)
        let input = (0..<length).map { UInt8($0) }
        let (low, high) = input.withUnsafeBytes { SipHash(key: key).finish($0) }
        let text = [low, high].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
            .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(text == expected)
    }

    @Test func `words are eight bytes each`() {
        let bytes = (0..<43).map { UInt8($0 * 5) }
        let key = PrefixKey(low: 1, high: 2)
        bytes.withUnsafeBytes { bytes in
            var hash = SipHash(key: key)
            for word in 0..<3 { hash.append(bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)) }
            let parts = hash.finish(UnsafeRawBufferPointer(rebasing: bytes[24...]))
            #expect(parts == SipHash(key: key).finish(bytes))
        }
    }
}
