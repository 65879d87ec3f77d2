import Testing
import Transport

struct ProxyHeaderTests {
    private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)
    private static let four: [UInt8] = [192, 0, 2, 1, 10, 0, 0, 1, 0x30, 0x39, 0x1F, 0x90]
    private static let six =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9]
        + [UInt8](repeating: 0, count: 15) + [1, 0, 1, 0, 2]

    static func header(command: UInt8 = 0x21, family: UInt8 = 0x11, _ body: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    @Test(arguments: [
        (header(four), "192.0.2.1"), (header(four + [0x04, 0, 1, 0]), "192.0.2.1"),
        (header(family: 0x21, six), "2001:db8::9"), (header(command: 0x20, four), nil),
        (header(command: 0x20, family: 0, []), nil), (header(family: 0x00, []), nil),
        (header(family: 0x31, [UInt8](repeating: 0x61, count: 216)), nil),
    ])
    func `reads the source whatever comes in one piece`(_ bytes: [UInt8], _ source: String?) throws {
        for count in 0..<bytes.count { #expect(try ProxyHeader(parsing: Array(bytes.prefix(count))) == nil) }
        let header = try #require(try ProxyHeader(parsing: bytes + Array("GET /".utf8)))
        #expect(header.length == bytes.count)
        #expect(header.source?.description == source)
    }

    @Test func `refuses each wrong byte of the signature at once`() {
        for index in Self.signature.indices {
            var bytes = Array(Self.signature.prefix(index + 1))
            bytes[index] ^= 1
            #expect(throws: ProxyHeader.Failure.noSignature) { try ProxyHeader(parsing: bytes) }
        }
    }

    @Test func `refuses versions, commands and lengths that are none`() {
        let cases: [([UInt8], ProxyHeader.Failure)] = [
            (Array("GET / HTTP/1.1\r\n".utf8), .noSignature), (Array("PROXY TCP4 ".utf8), .noSignature),
            (Self.header(command: 0x11, Self.four), .unsupportedVersion(1)),
            (Self.header(command: 0x22, Self.four), .unknownCommand(2)),
            (Self.header(Array(Self.four.dropLast())), .tooShort(family: 1, count: 11)),
            (Self.header(family: 0x21, Self.four), .tooShort(family: 2, count: 12)),
            (Self.signature + [0x21, 0x11, 0xFF, 0xFF], .tooLong(limit: 4096)),
        ]
        for (bytes, failure) in cases {
            #expect(throws: failure) { try ProxyHeader(parsing: bytes) }
        }
    }

    @Test func `a stream has the peer of its header and the bytes behind it`() async throws {
        let (near, far) = MemoryStream.pair(peer: "10.0.0.1")
        try await near.write(Self.header(Self.four) + Array("hello".utf8))
        let stream = try await ProxiedStream.accept(far, deadline: .now + .seconds(5))
        #expect(stream.peer == "192.0.2.1")
        #expect(try await stream.read(deadline: nil) == Array("hello".utf8))
        try await near.write([1])
        #expect(try await stream.read(deadline: nil) == [1])
    }

    @Test func `a proxy that speaks for itself keeps its address`() async throws {
        let (near, far) = MemoryStream.pair(peer: "10.0.0.1")
        try await near.write(Self.header(command: 0x20, family: 0, []))
        #expect(try await ProxiedStream.accept(far, deadline: .now + .seconds(5)).peer == "10.0.0.1")
    }
}
