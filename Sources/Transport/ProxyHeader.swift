/// The header of the PROXY protocol, version 2, with which a proxy begins a connection to say whose it is
/// (haproxy.org/download/2.9/doc/proxy-protocol.txt, 2.2).
package struct ProxyHeader: Sendable, Equatable {
    /// The client; nil when the proxy speaks for itself (LOCAL, as in health checks) or of no internet address.
    package let source: IPAddress?
    /// Bytes of the header, all of which come before the client's.
    package let length: Int

    package enum Failure: Error, Equatable, Sendable {
        case noSignature
        case unsupportedVersion(UInt8)
        case unknownCommand(UInt8)
        /// The bytes of addresses are fewer than the family has.
        case tooShort(family: UInt8, count: Int)
        case tooLong(limit: Int)
    }

    /// Bytes that say how long the header is.
    private static let fixedLength = 16
    /// Addresses of 216 bytes at most, and extensions such as the names of certificates. The field allows 65,535.
    private static let lengthLimit = 4096
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// The header at the beginning of `bytes`; nil while it is not all there. Refused at the first byte that is wrong.
    package init?(parsing bytes: [UInt8]) throws(Failure) {
        guard zip(bytes, Self.signature).allSatisfy(==) else { throw .noSignature }
        guard bytes.count > 12 else { return nil }
        guard bytes[12] >> 4 == 2 else { throw .unsupportedVersion(bytes[12] >> 4) }
        let command = bytes[12] & 0x0F
        guard command <= 1 else { throw .unknownCommand(command) }
        guard bytes.count >= Self.fixedLength else { return nil }
        let count = Int(bytes[14]) << 8 | Int(bytes[15])
        let length = Self.fixedLength + count
        guard length <= Self.lengthLimit else { throw .tooLong(limit: Self.lengthLimit) }
        guard bytes.count >= length else { return nil }
        self.length = length
        source = command == 0 ? nil : try Self.source(family: bytes[13] >> 4, bytes[Self.fixedLength..<length])
    }

    /// Source address, destination address, ports; what follows is of no interest here. Unix sockets and unknown
    /// families have no address that could be told apart.
    private static func source(family: UInt8, _ body: ArraySlice<UInt8>) throws(Failure) -> IPAddress? {
        let width: Int
        switch family {
        case 1: width = 4
        case 2: width = 16
        default: return nil
        }
        guard body.count >= 2 * width + 4 else { throw .tooShort(family: family, count: body.count) }
        return IPAddress(Array(body.prefix(width)))
    }
}
