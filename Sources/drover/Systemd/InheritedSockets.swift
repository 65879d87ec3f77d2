import Foundation
import Transport

/// Listening sockets that the service manager passed to this process (sd_listen_fds(3)): those of a socket unit, and
/// those that an earlier process of ours left with it.
struct InheritedSockets: Sendable {
    struct Socket: Sendable, Equatable {
        let descriptor: Int32
        let name: String
    }

    /// The name of sockets that we leave with the manager. Those of a unit have the unit's name, or another.
    static let storedName = "drover-listener"
    private static let firstDescriptor: Int32 = 3
    private static let countLimit = 64

    /// Opened by a socket unit.
    let activated: [Socket]
    /// Left by the process before this one.
    let stored: [Socket]

    static let none = InheritedSockets(environment: [:], process: 0)

    /// What the variables say to the process with that id; what they say to another is not ours.
    init(environment: [String: String], process: Int32) {
        let count = environment["LISTEN_FDS"].flatMap { Int32($0) } ?? 0
        guard environment["LISTEN_PID"] == "\(process)", (1...Int32(Self.countLimit)).contains(count) else {
            (activated, stored) = ([], [])
            return
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let sockets = (0..<count).map { index in
            let name = Int(index) < names.count ? String(names[Int(index)]) : ""
            return Socket(descriptor: Self.firstDescriptor + index, name: name)
        }
        activated = sockets.filter { $0.name != Self.storedName }
        stored = sockets.filter { $0.name == Self.storedName }
    }
}
