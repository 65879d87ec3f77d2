import Glibc

/// An address of the internet families, or of a Unix socket, as the system's calls want it.
struct SocketAddress {
    private(set) var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    var family: Int32 { Int32(storage.ss_family) }

    /// The addresses that `host` names, for listening. Numeric hosts resolve without a name service.
    static func resolve(host: String, port: UInt16) throws(TransportError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &first)
        guard code == 0 else { throw .unresolved(host: host, reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next = first
        while let info = next?.pointee {
            next = info.ai_next
            guard let pointer = info.ai_addr, info.ai_family == AF_INET || info.ai_family == AF_INET6 else { continue }
            var address = SocketAddress()
            address.length = info.ai_addrlen
            withUnsafeMutableBytes(of: &address.storage) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(Int(info.ai_addrlen), $0.count)))
            }
            addresses.append(address)
        }
        return addresses
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Lets a call fill the address in.
    mutating func fill(_ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> Int32 {
        withUnsafeMutablePointer(to: &storage) { pointer in
            withUnsafeMutablePointer(to: &length) { length in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
            }
        }
    }

    init() {}

    /// Nil for a path that is too long.
    init?(unixPath path: String) { self.init(unixName: Array(path.utf8)) }

    /// A name in the space without files: it begins with NUL, and its length says where it ends.
    init?(abstractName name: Substring) {
        let bytes = [0] + Array(name.utf8)
        self.init(unixName: bytes)
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    }

    private init?(unixName bytes: [UInt8]) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        withUnsafeMutableBytes(of: &storage) { storage in
            withUnsafeBytes(of: address) { storage.copyMemory(from: $0) }
        }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
    }

    /// Nil when the descriptor is no socket.
    init?(boundBy descriptor: Int32) {
        guard fill({ getsockname(descriptor, $0, $1) }) == 0 else { return nil }
    }

    /// Nil for other families, and for Unix sockets without a path.
    var endpoint: Endpoint? {
        switch family {
        case AF_INET, AF_INET6: return .internet(host: host, port: port)
        case AF_UNIX:
            let path = withUnsafeBytes(of: storage) { bytes in
                String(
                    validating: bytes.dropFirst(MemoryLayout<sa_family_t>.size).prefix { $0 != 0 }, as: UTF8.self)
            }
            return path.flatMap { $0.isEmpty ? nil : .unix(path: $0) }
        default: return nil
        }
    }

    /// As `ByteStream.peer` names it.
    var peer: String { family == AF_UNIX ? AddressRange.unixPeer : host }

    var port: UInt16 {
        let bytes = withUnsafeBytes(of: storage) { ($0[2], $0[3]) }
        return UInt16(bytes.0) << 8 | UInt16(bytes.1)
    }

    /// The numeric host. An IPv4 client of an IPv6 socket is written as IPv4, so that one client has one name.
    var host: String {
        // Longer than any address with the name of its interface behind it.
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            let size = socklen_t(buffer.count)
            let code = withPointer { getnameinfo($0, $1, buffer.baseAddress, size, nil, 0, NI_NUMERICHOST) }
            return code == 0 ? buffer.baseAddress.map { String(cString: $0) } : nil
        }
        guard let text else { return "unknown" }
        return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
    }
}
