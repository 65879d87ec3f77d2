import Dispatch
import Synchronization

/// Holds a scripted model before each step, so that a test decides how far the engine gets.
final class StepGate: Sendable {
    private let permits = DispatchSemaphore(value: 0)
    private let passed = Atomic(0)
    private let isOpen = Atomic(false)

    /// Steps begun so far.
    var steps: Int { passed.load(ordering: .acquiring) }

    func allow(_ steps: Int) {
        for _ in 0..<steps { permits.signal() }
    }

    /// Lets everything through from now on.
    func open() {
        isOpen.store(true, ordering: .releasing)
        permits.signal()
    }

    func pass() {
        if !isOpen.load(ordering: .acquiring) { permits.wait() }
        passed.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
}
