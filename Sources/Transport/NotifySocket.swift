import Glibc

/// Sends datagrams, with descriptors if need be, to the Unix socket of a service manager. Any thread may.
package final class NotifySocket: Sendable {
    private let descriptor: Int32
    private let address: SocketAddress

    /// - Parameter name: a path, or `@` and a name without file (unix(7)). Nil for other kinds, such as `vsock:`.
    package init?(_ name: String) {
        guard let address = name.hasPrefix("@") ? .init(abstractName: name.dropFirst()) : SocketAddress(unixPath: name),
            name.hasPrefix("@") || name.hasPrefix("/")
        else { return nil }
        self.address = address
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Sends without waiting: a manager that does not read must not stop the server.
    package func send(_ text: String, descriptors: [Int32] = []) throws(TransportError) {
        let bytes = Array(text.utf8)
        let rights = Self.rights(descriptors)
        let count = address.withPointer { name, length in
            bytes.withUnsafeBytes { bytes in
                rights.withUnsafeBytes { rights in
                    var vector = iovec(iov_base: Self.pointer(bytes), iov_len: bytes.count)
                    return withUnsafeMutablePointer(to: &vector) { vector in
                        var message = msghdr()
                        message.msg_name = UnsafeMutableRawPointer(mutating: name)
                        message.msg_namelen = length
                        (message.msg_iov, message.msg_iovlen) = (vector, 1)
                        message.msg_control = rights.isEmpty ? nil : Self.pointer(rights)
                        message.msg_controllen = rights.count
                        return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                    }
                }
            }
        }
        guard count >= 0 else { throw .system(call: "sendmsg", errno: errno) }
    }

    /// `sendmsg` only reads what its message points at.
    private static func pointer(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    }

    /// One SCM_RIGHTS message (cmsg(3)) in words of 8 bytes: its length, level and type, two descriptors a word.
    private static func rights(_ descriptors: [Int32]) -> [UInt64] {
        guard !descriptors.isEmpty else { return [] }
        let length = 16 + 4 * descriptors.count
        var words = [UInt64](repeating: 0, count: (length + 7) / 8)
        words.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: length, toByteOffset: 0, as: Int.self)
            bytes.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            bytes.storeBytes(of: Int32(SCM_RIGHTS), toByteOffset: 12, as: Int32.self)
            for (index, descriptor) in descriptors.enumerated() {
                bytes.storeBytes(of: descriptor, toByteOffset: 16 + 4 * index, as: Int32.self)
            }
        }
        return words
    }
}
