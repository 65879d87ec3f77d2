/// Where a server listens: `127.0.0.1:8080`, `[::]:8080`, `localhost:8080`, `unix:/run/drover/drover.sock`.
package enum Endpoint: Sendable, Equatable {
    /// Host: a name or a numeric address, without brackets. Port 0 lets the system choose.
    case internet(host: String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)

    /// `sun_path` has 108 bytes, one of them for the NUL (unix(7)).
    private static let pathLimit = 107

    /// Nil for what has neither form.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/"), path.utf8.count <= Self.pathLimit else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else {
            // `::1:8080` could be read in two ways.
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty, !host.contains("["), !host.contains("]") else { return nil }
        self = .internet(host: String(host), port: port)
    }

    /// Whether only processes of this machine get there.
    package var isLocal: Bool {
        switch self {
        case .unix: true
        case .internet(let host, _): IPAddress(host)?.isLoopback ?? false
        }
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
