import Testing
import Transport

struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.1.2.3", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.128/25", "192.0.2.128", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "::1", false), ("2001:db8::/32", "2001:db8:1::5", true), ("2001:db8::/32", "2001:db9::", false),
        ("::1", "::1", true), ("unix", "unix", true), ("unix", "127.0.0.1", false), ("127.0.0.1", "unix", false),
        ("fe80::/10", "fe80::1%eth0", true),
    ])
    func `contains the addresses of its network`(_ range: String, _ peer: String, _ isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(peer) == isIn)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/8/8", "10.0.0.0/+8",
        "10.0.0.0/٨", "2001:db8::/129", "2001:db8::1/32", "localhost", "10.0.0.0 ", "10.0.0.0\0", "UNIX",
    ])
    func `refuses what is no network`(_ text: String) { #expect(AddressRange(text) == nil) }
}
