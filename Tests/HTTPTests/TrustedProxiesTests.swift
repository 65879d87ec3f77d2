import HTTP
import HTTPTypes
import Testing
import Transport

struct TrustedProxiesTests {
    private static func client(
        _ lines: [String], field: TrustedProxies.Field = .forwardedFor, peer: String = "10.0.0.1",
        trusted: [String] = ["10.0.0.0/8"]
    ) throws -> String {
        var fields = HTTPFields()
        let name = try #require(HTTPField.Name(field.rawValue))
        for line in lines { fields.append(HTTPField(name: name, value: line)) }
        return TrustedProxies(trusted.compactMap { AddressRange($0) }, field: field).client(of: fields, peer: peer)
    }

    @Test(arguments: [
        (["192.0.2.1"], "192.0.2.1"), (["6.6.6.6, 192.0.2.1"], "192.0.2.1"), (["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        (["6.6.6.6", "192.0.2.1,10.0.0.2"], "192.0.2.1"), (["10.0.0.3, 10.0.0.2"], "10.0.0.3"), ([], "10.0.0.1"),
        (["192.0.2.1:4711"], "192.0.2.1"), (["[2001:db8::1]:80"], "2001:db8::1"), (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:192.0.2.1"], "192.0.2.1"), (["192.0.2.1, unknown"], "10.0.0.1"), (["1.2.3.4, evil\"x"], "10.0.0.1"),
        ([",, ,"], "10.0.0.1"), (["192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2"),
    ])
    func `takes the rightmost address that no proxy has`(_ lines: [String], _ client: String) throws {
        #expect(try Self.client(lines) == client)
    }

    @Test(arguments: [
        (["for=192.0.2.1"], "192.0.2.1"), (["For=\"[2001:db8::1]:4711\";proto=https"], "2001:db8::1"),
        (["for=6.6.6.6, for=192.0.2.1;by=10.0.0.9, for=10.0.0.2"], "192.0.2.1"), (["for=_hidden"], "10.0.0.1"),
        (["by=192.0.2.1"], "10.0.0.1"), (["for=\"a, for=192.0.2.1"], "10.0.0.1"),
        (["for=1.1.1.1;for=2.2.2.2"], "10.0.0.1"),
        (["for=\"192.0.2.1\\\""], "10.0.0.1"),
    ])
    func `reads RFC 7239`(_ lines: [String], _ client: String) throws {
        #expect(try Self.client(lines, field: .forwarded) == client)
    }

    @Test func `believes nobody else`() throws {
        #expect(try Self.client(["192.0.2.1"], peer: "11.0.0.1") == "11.0.0.1")
        #expect(try Self.client(["192.0.2.1"], peer: "unix") == "unix")
        #expect(try Self.client(["192.0.2.1"], peer: "unix", trusted: ["unix"]) == "192.0.2.1")
    }
}
