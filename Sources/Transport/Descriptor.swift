import Glibc
import Synchronization

/// A file descriptor shared by Dispatch sources. It is closed when its last user has let go: closing it earlier,
/// while a source still watches, would let the system hand the same number to another connection.
final class Descriptor: Sendable {
    let number: Int32
    private let users = Atomic<Int>(1)

    init(_ number: Int32) { self.number = number }

    func retain() { users.add(1, ordering: .relaxed) }

    func release() {
        if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { _ = close(number) }
    }
}
