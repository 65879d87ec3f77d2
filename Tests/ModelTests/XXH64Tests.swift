import Model
import Testing

struct XXH64Tests {
    @Test(
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)]) func `hashes as the specification's author does`(text: String, expected: UInt64)
    {
        #expect(Array(text.utf8).withUnsafeBytes { XXH64.hash($0) } == expected)
    }

    @Test func `each length and each byte count`() {
        let bytes = (0..<100).map { UInt8($0) }
        var hashes: Set<UInt64> = []
        for length in 0...100 {
            for place in 0..<length {
                var changed = bytes
                changed[place] ^= 0x80
                hashes.insert(changed[..<length].withUnsafeBytes { XXH64.hash($0) })
            }
        }
        #expect(hashes.count == 5_050)
    }
}
