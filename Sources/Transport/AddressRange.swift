/// Peers of a kind: those of a network, `10.0.0.0/8`, one address, or whoever comes through a Unix socket, `unix`.
package enum AddressRange: Sendable, Equatable {
    case network(IPAddress, bits: Int)
    case unix

    /// The name that streams of Unix sockets have for their peer.
    package static let unixPeer = "unix"

    /// Nil for what is none of the forms, also when bits beyond the prefix are set: `10.0.0.1/8` is a slip of the pen.
    package init?(_ text: String) {
        if text == Self.unixPeer {
            self = .unix
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count <= 2, let address = IPAddress(String(name)) else { return nil }
        let width = address.bytes.count * 8
        guard parts.count == 2 else {
            self = .network(address, bits: width)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let bits = Int(parts[1]), bits <= width
        else { return nil }
        guard (bits..<width).allSatisfy({ !Self.bit($0, of: address) }) else { return nil }
        self = .network(address, bits: bits)
    }

    /// - Parameter peer: as `ByteStream.peer` writes it.
    package func contains(_ peer: String) -> Bool {
        guard case .network(let network, let bits) = self else { return peer == Self.unixPeer }
        guard let address = IPAddress(peer), address.bytes.count == network.bytes.count else { return false }
        return (0..<bits).allSatisfy { Self.bit($0, of: address) == Self.bit($0, of: network) }
    }

    private static func bit(_ index: Int, of address: IPAddress) -> Bool {
        address.bytes[index / 8] & (0x80 >> UInt8(index % 8)) != 0
    }
}
