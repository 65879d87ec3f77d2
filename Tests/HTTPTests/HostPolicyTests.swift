import HTTP
import Testing

struct HostPolicyTests {
    private static let policy = HostPolicy.loopback(and: ["Chat.example", "10.0.0.7", "2001:db8::1"])

    @Test(arguments: [
        "localhost", "LOCALHOST:80", "api.localhost", "127.0.0.1:8080", "127.8.8.8", "[::1]:1", "chat.example:80",
        "10.0.0.7", "[2001:db8:0::1]:80", "",
    ])
    func `answers for this machine and for what it was told`(_ host: String) { #expect(Self.policy.allows(host)) }

    @Test(arguments: [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.8", "[::2]", "notlocalhost",
        "chat.example.evil", "0.0.0.0", "127.1", "2130706433",
    ])
    func `H33 not for others`(_ host: String) {
        #expect(!Self.policy.allows(host))
        #expect(HostPolicy.any.allows(host))
    }
}
