import Glibc
import Synchronization

/// A descriptor that a listener shares with its Dispatch source. It is closed when the last of them has let go: closing it
/// earlier, while the source still watches, would let the system hand the same number to another.
final class Descriptor: Sendable {
    let number: Int32
    private let users = Atomic<Int>(1)

    init(_ number: Int32) { self.number = number }

    func retain() { users.add(1, ordering: .relaxed) }

    func release() {
        if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { _ = close(number) }
    }
}
