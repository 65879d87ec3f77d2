import Glibc

/// A listening socket before anybody accepts from it: opened here, or inherited. Whoever takes `descriptor` closes it.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// What it is bound to, with the port that the system chose.
    package let endpoint: Endpoint
    /// The file that this process made for it.
    let file: SocketFile?

    package struct Options: Sendable {
        package var backlog: Int32 = 4096
        /// SO_REUSEPORT: several processes of one user may listen at the same address.
        package var sharesPort = false
        /// Whether `[::]` takes IPv4 too.
        package var isDualStack = true
        /// Permissions of a Unix socket's file.
        package var unixMode: UInt32 = 0o600

        package init() {}
    }

    /// Opens one at the first address that the endpoint names.
    package init(_ endpoint: Endpoint, options: Options = Options()) throws(TransportError) {
        switch endpoint {
        case .internet(let host, let port):
            guard let address = try SocketAddress.resolve(host: host, port: port).first else {
                throw .unresolved(host: host, reason: "no internet address")
            }
            self = try Self.bound(to: address, file: nil) { number in
                Self.set(number, SOL_SOCKET, SO_REUSEADDR, 1)
                if options.sharesPort { Self.set(number, SOL_SOCKET, SO_REUSEPORT, 1) }
                let takesBoth = options.isDualStack && IPAddress(host)?.isWildcard == true
                if address.family == AF_INET6 {
                    Self.set(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, takesBoth ? 0 : 1)
                }
            }
        case .unix(let path):
            try SocketFile.removeStale(at: path)
            guard let address = SocketAddress(unixPath: path) else { throw .system(call: "bind", errno: ENAMETOOLONG) }
            self = try Self.bound(to: address, file: SocketFile(path: path, mode: options.unixMode)) { _ in }
        }
        guard listen(descriptor, options.backlog) == 0 else {
            let number = errno
            discard()
            throw .system(call: "listen", errno: number)
        }
    }

    /// Takes over one that another process opened, such as a service manager. Throws for what does not listen.
    package init(inherited descriptor: Int32) throws(TransportError) {
        guard let address = SocketAddress(boundBy: descriptor) else { throw .system(call: "getsockname", errno: errno) }
        var (listens, size): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens == 1,
            let endpoint = address.endpoint
        else { throw .system(call: "accept", errno: EINVAL) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        (self.descriptor, self.endpoint, file) = (descriptor, endpoint, nil)
    }

    private init(descriptor: Int32, endpoint: Endpoint, file: SocketFile?) {
        (self.descriptor, self.endpoint, self.file) = (descriptor, endpoint, file)
    }

    /// Closes it without ever having accepted.
    package func discard() {
        Glibc.close(descriptor)
        file?.remove()
    }

    private static func bound(
        to address: SocketAddress, file: SocketFile?, prepare: (Int32) -> Void
    ) throws(TransportError) -> ListeningSocket {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = socket(address.family, type, 0)
        guard number >= 0 else { throw .system(call: "socket", errno: errno) }
        prepare(number)
        guard address.withPointer({ bind(number, $0, $1) }) == 0 else {
            defer { Glibc.close(number) }
            throw .system(call: "bind", errno: errno)
        }
        guard let endpoint = SocketAddress(boundBy: number)?.endpoint else {
            defer { Glibc.close(number) }
            throw .system(call: "getsockname", errno: errno)
        }
        do throws(TransportError) {
            // Before `listen`: until then nobody can connect, whatever the mode.
            return ListeningSocket(descriptor: number, endpoint: endpoint, file: try file?.restricted())
        } catch {
            Glibc.close(number)
            throw error
        }
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
