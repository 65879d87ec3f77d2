import Dispatch
import Glibc

extension SocketStream {
    /// Connects to the first address of `host` that answers. Meant for the command line tools: the wait takes a
    /// Dispatch thread, as `connect` and the name look-up block.
    package static func connect(host: String, port: UInt16) async throws(TransportError) -> SocketStream {
        let result: Result<SocketStream, TransportError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(TransportError) {
                    continuation.resume(returning: .success(try connectBlocking(host: host, port: port)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private static func connectBlocking(host: String, port: UInt16) throws(TransportError) -> SocketStream {
        var failure = TransportError.unresolved(host: host, reason: "no internet address")
        for address in try SocketAddress.resolve(host: host, port: port) {
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let number = socket(address.family, type, 0)
            guard number >= 0 else { throw .system(call: "socket", errno: errno) }
            if address.withPointer({ Glibc.connect(number, $0, $1) }) == 0, fcntl(number, F_SETFL, O_NONBLOCK) == 0 {
                return SocketStream(descriptor: number, peer: host)
            }
            failure = .system(call: "connect", errno: errno)
            Glibc.close(number)
        }
        throw failure
    }
}
