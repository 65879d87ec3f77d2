import Service
import Testing

struct SHA256Tests {
    /// FIPS 180-4's examples, and those of NIST's example page; the last two are around the padding's edge.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ])
    func `hashes as the standard says`(_ text: String, _ hex: String) {
        #expect(SHA256.hash(Array(text.utf8)).hex == hex)
        #expect(SHA256.Digest(hex: hex.uppercased()) == SHA256.hash(Array(text.utf8)))
    }

    @Test(arguments: ["", "ab", String(repeating: "0", count: 63) + "g", String(repeating: "0", count: 65)])
    func `takes 64 digits and nothing else`(_ text: String) { #expect(SHA256.Digest(hex: text) == nil) }
}
