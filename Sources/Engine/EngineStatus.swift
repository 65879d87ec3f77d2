/// What the engine thread last said of itself; published before the events of the same step are delivered.
package struct EngineStatus: Sendable, Equatable {
    /// Requests that hold blocks.
    package var running: Int
    /// Requests accepted that hold no blocks, the preempted included.
    package var waiting: Int
    /// Of the waiting ones, those of each tenant that has a name.
    package var waitingByTenant: [String: Int]
    /// Between two starts of waiting requests, as measured lately.
    package var startInterval: Duration
    package var freeBlocks: Int
    /// Of the free ones, those kept for the sake of what they hold.
    package var idleBlocks: Int
    package let totalBlocks: Int
    package let contextLength: Int
    /// When the engine thread was last seen between two steps; an idle engine renews it every second.
    package var heartbeat: ContinuousClock.Instant

    package init(
        running: Int = 0, waiting: Int = 0, waitingByTenant: [String: Int] = [:], startInterval: Duration,
        freeBlocks: Int, idleBlocks: Int = 0,
        totalBlocks: Int, contextLength: Int,
        heartbeat: ContinuousClock.Instant
    ) {
        self.running = running
        self.waiting = waiting
        self.waitingByTenant = waitingByTenant
        self.startInterval = startInterval
        self.freeBlocks = freeBlocks
        self.idleBlocks = idleBlocks
        self.totalBlocks = totalBlocks
        self.contextLength = contextLength
        self.heartbeat = heartbeat
    }
}
