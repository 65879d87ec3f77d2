/// How fast requests leave the queue, learned while there is one.
package struct QueuePace: Sendable {
    /// Starts that it looks back on.
    private static let memory = 16.0
    /// Of the time while somebody waited. Before anything was seen: one in five seconds.
    private var starts = 1.0
    private var seconds = 5.0
    private var last: ContinuousClock.Instant?
    private var isWaiting = false

    package init() {}

    /// Takes note of a step.
    ///
    /// - Parameters:
    ///   - started: samples of requests that got their first blocks.
    ///   - waiting: those that are left without.
    package mutating func observe(started: Int, waiting: Int, at now: ContinuousClock.Instant) {
        defer { (last, isWaiting) = (now, waiting > 0) }
        guard isWaiting, let last else { return }
        seconds += (now - last) / .seconds(1)
        for _ in 0..<started {
            starts += 1 - starts / Self.memory
            seconds -= seconds / Self.memory
        }
    }

    /// The time between two starts.
    package var interval: Duration { .seconds(min(seconds / starts, 86_400)) }
}
