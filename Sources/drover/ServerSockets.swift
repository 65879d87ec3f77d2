import Foundation
import Transport

/// The listening sockets of a server: inherited ones, and those that it has to open itself.
struct ServerSockets {
    private(set) var all: [ListeningSocket] = []
    /// Whether the service manager opened them, and so holds them beyond the life of this process.
    private(set) var areActivated = false

    /// Those of a socket unit stand in for the addresses of the settings. Else each address takes the socket that an
    /// earlier process left for it, or a new one. Throws with none left open.
    init(_ settings: ServeSettings, inherited: InheritedSockets = .none) throws {
        do {
            for socket in inherited.activated { all.append(try adopt(socket)) }
            areActivated = !all.isEmpty
            var left = inherited.stored.compactMap { try? adopt($0) }
            for endpoint in areActivated ? [] : settings.endpoints {
                if let match = left.firstIndex(where: { $0.endpoint == endpoint }) {
                    all.append(left.remove(at: match))
                } else {
                    all.append(try open(endpoint, settings))
                }
            }
            // Their addresses are no longer among the settings.
            left.forEach { $0.discard() }
        } catch {
            all.forEach { $0.discard() }
            throw error
        }
    }

    private func adopt(_ socket: InheritedSockets.Socket) throws -> ListeningSocket {
        do {
            return try ListeningSocket(inherited: socket.descriptor)
        } catch {
            throw SocketError(address: "socket \(socket.descriptor) from the service manager", reason: error)
        }
    }

    private func open(_ endpoint: Endpoint, _ settings: ServeSettings) throws -> ListeningSocket {
        var options = ListeningSocket.Options()
        options.sharesPort = settings.reusePort
        options.unixMode = settings.unixMode.bits
        // `[::]` takes IPv4 too, unless that has a socket of its own.
        if case .internet(_, let port) = endpoint {
            options.isDualStack = !settings.endpoints.contains(.internet(host: "0.0.0.0", port: port))
        }
        do {
            return try ListeningSocket(endpoint, options: options)
        } catch {
            throw SocketError(address: "\(endpoint)", reason: error)
        }
    }
}

/// Why a server cannot listen at an address.
struct SocketError: Error, CustomStringConvertible {
    let address: String
    let reason: TransportError

    var description: String { "Cannot listen on \(address): \(reason)." }
}
