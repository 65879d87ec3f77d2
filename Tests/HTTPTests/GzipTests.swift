import HTTP
import HTTPTypes
import Testing

struct GzipTests {
    private static let text = Array(#"{"prompt": "What is 47 + 35?", "n": 1}"#.utf8)
    private static let limit = 4 << 20

    private static func coded(_ bytes: [UInt8]) throws -> [UInt8] { try #require(Gzip.encode(bytes)) }

    @Test func `gives back what was coded, of any size`() throws {
        for count in [1, 2, 1000, 65_536, 65_537, 300_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
            #expect(try Gzip.decode(Self.coded(bytes), limit: Self.limit) == bytes)
        }
        #expect(try Gzip.decode([], limit: Self.limit) == [])
    }

    @Test func `refuses a body that was cut at any byte`() throws {
        let coded = try Self.coded(Self.text)
        for count in 1..<coded.count {
            #expect(throws: RequestError.malformed("the gzip body ends before its content does")) {
                try Gzip.decode(Array(coded.prefix(count)), limit: Self.limit)
            }
        }
    }

    @Test func `refuses a wrong checksum, a wrong length and damage`() throws {
        let coded = try Self.coded(Self.text)
        // RFC 1952 2.3: the last eight bytes are CRC32 and the length; the third of all is the method.
        for (position, word) in [(coded.count - 8, "data check"), (coded.count - 1, "length"), (2, "method")] {
            var damaged = coded
            damaged[position] ^= 0x55
            let error = #expect(throws: RequestError.self) { try Gzip.decode(damaged, limit: Self.limit) }
            #expect(error?.status == .badRequest)
            #expect(error?.reason.contains(word) == true, "\(error?.reason ?? "")")
        }
        for position in coded.indices {
            for bit in 0..<8 {
                var damaged = coded
                damaged[position] ^= 1 << bit
                // Flags and the time in the header may change nothing; what is returned is then the whole text.
                if let bytes = try? Gzip.decode(damaged, limit: Self.limit) { #expect(bytes == Self.text) }
            }
        }
    }

    @Test func `refuses what stands behind the member, also a second one`() throws {
        let coded = try Self.coded(Self.text)
        #expect(throws: RequestError.malformed("the gzip body has more than one member")) {
            try Gzip.decode(coded + coded, limit: Self.limit)
        }
        for tail in [[0], [0x1F], Array("{}".utf8)] as [[UInt8]] {
            #expect(throws: RequestError.malformed("bytes follow the end of the gzip body")) {
                try Gzip.decode(coded + tail, limit: Self.limit)
            }
        }
    }

    @Test func `stops a bomb at the limit and at the ratio`() throws {
        let zeros = try Self.coded(Array(repeating: 0, count: 8 << 20))
        #expect(throws: RequestError.compressedTooMuch(limit: 100)) { try Gzip.decode(zeros, limit: 32 << 20) }
        #expect(throws: RequestError.contentTooLarge(limit: 1000)) { try Gzip.decode(zeros, limit: 1000) }
        let small = Array(repeating: UInt8(0), count: Gzip.freeSize)
        #expect(try Gzip.decode(Self.coded(small), limit: Self.limit) == small)
        #expect(RequestError.compressedTooMuch(limit: 100).status == .contentTooLarge)
    }

    @Test(arguments: [
        ("gzip", true, false), ("x-gzip", true, false), ("GZIP", true, false), ("gzip, deflate, br", true, false),
        ("gzip;q=0.5", true, false), ("gzip ; q=0.001", true, false), ("*", true, false), ("*;q=0.1, br", true, false),
        ("gzip;q=0.5, identity", false, false), ("gzip;q=0.5, identity;q=0.5", true, false),
        ("gzip;q=0", false, false), ("gzip;q=0.000", false, false), ("gzip;q=0, *", false, false), ("", false, false),
        ("br", false, false), ("identity", false, false), ("gzipx", false, false), ("gzip;q=1.001", false, false),
        ("gzip;q=-1", false, false), ("gzip;q=", false, false), ("gzip;q=0.0001", false, false),
        ("gzip;level=9", false, false), ("gzip;q=.5", false, false), ("gzip;q=1x00", false, false),
        ("gzip, identity;q=0", true, true), ("gzip, *;q=0", true, true), ("*, identity;q=0", true, true),
        ("identity;q=0", false, false), ("*;q=0", false, false), ("*;q=0, identity;q=1, gzip;q=1", true, false),
    ])
    func `weighs what a client accepts`(_ text: String, _ prefers: Bool, _ requires: Bool) {
        let accepted = AcceptEncoding([.acceptEncoding: text])
        #expect(accepted.prefersGzip == prefers)
        #expect(accepted.requiresGzip == requires)
    }

    @Test func `takes several lines for one list, and no line for no wish`() {
        var fields = HTTPFields()
        #expect(!AcceptEncoding(fields).prefersGzip)
        fields[values: .acceptEncoding] = ["br", "gzip"]
        #expect(AcceptEncoding(fields).prefersGzip)
    }
}
