#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What compiling one grammar may cost. Made anew for each, on the thread that compiles it.
package struct GrammarBudget: Sendable {
    /// Steps between two looks at the clock.
    private static let lookInterval = 1024

    /// Nodes of the nondeterministic automaton.
    package var nodes: Int
    /// States of the deterministic one.
    package var states: Int
    /// Of the thread, so that what compiles on an idle machine does so on a busy one.
    private let deadline: Duration
    /// Whether nobody waits for the result any more.
    private let isCancelled: @Sendable () -> Bool
    private var steps = 0

    package init(
        nodes: Int = 500_000, states: Int = 60_000, time: Duration = .seconds(2),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.nodes = nodes
        self.states = states
        deadline = Self.threadTime + time
        self.isCancelled = isCancelled
    }

    mutating func takeNode() throws(GrammarError) {
        guard nodes > 0 else { throw .tooComplex("repetitions and alternatives expand to too many parts") }
        nodes -= 1
        try step()
    }

    mutating func takeState() throws(GrammarError) {
        guard states > 0 else { throw .tooComplex("it needs too many states") }
        states -= 1
        try step()
    }

    /// Counts a little work; throws when the time is over or nobody waits for the result any more.
    mutating func step() throws(GrammarError) {
        steps += 1
        guard steps % Self.lookInterval == 0 else { return }
        guard Self.threadTime < deadline, !isCancelled() else { throw .tooComplex("compiling it takes too long") }
    }

    /// For how long this thread has had a core.
    private static var threadTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
