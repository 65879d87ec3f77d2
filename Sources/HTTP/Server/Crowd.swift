import CMalloc
import Dispatch

/// Notices when a crowd of connections has left, and gives back what it had taken.
///
/// malloc keeps what was freed wherever something in use lies above it: after 10,000 slow clients the process stayed at
/// 218 MB where it had begun with 41.
package struct Crowd {
    /// Fewer are not worth the search through all that malloc has.
    private static let threshold = 1024

    /// How many there were since memory was last given back.
    private var most = 0

    package init() {}

    package mutating func grow(to count: Int) { most = max(most, count) }

    /// True, once, when of many connections seven in eight have gone.
    package mutating func shrink(to count: Int) -> Bool {
        guard most >= Self.threshold, count <= most / 8 else { return false }
        most = count
        return true
    }

    /// Gives freed memory back to the system, beside the work of the connections: in a while, as the last of the crowd
    /// have yet to go, and the threads that served it keep what they freed until they end.
    static func giveBackMemory() {
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .seconds(3)) { malloc_trim(0) }
    }
}
