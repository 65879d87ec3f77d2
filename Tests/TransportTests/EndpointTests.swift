import Testing
import Transport

struct EndpointTests {
    @Test(arguments: [
        ("127.0.0.1:8080", Endpoint.internet(host: "127.0.0.1", port: 8080)),
        ("localhost:0", .internet(host: "localhost", port: 0)), ("[::]:80", .internet(host: "::", port: 80)),
        ("[::1]:65535", .internet(host: "::1", port: 65535)), ("unix:/run/d.sock", .unix(path: "/run/d.sock")),
    ])
    func `reads hosts with ports and paths`(_ text: String, _ endpoint: Endpoint) {
        #expect(Endpoint(text) == endpoint)
        #expect("\(endpoint)" == text)
    }

    @Test(arguments: [
        "", ":", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:٨", "::1:8080",
        "[::1]", "[127.0.0.1]:80", "[::1:80", "::1]:80", "[]:80", "unix:", "unix:relative", "unix:/a b", "a b:80",
        "unix:/" + String(repeating: "a", count: 107),
    ])
    func `refuses what could be read in two ways`(_ text: String) { #expect(Endpoint(text) == nil) }

    @Test func `tells which only this machine reaches`() {
        for text in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/a"] { #expect(Endpoint(text)?.isLocal == true) }
        for text in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost:1"] { #expect(Endpoint(text)?.isLocal == false) }
    }
}
