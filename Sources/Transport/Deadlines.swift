import HeapModule

/// Moments of which streams, known by name, want to be told, earliest first. A stream has one at a time.
package struct Deadlines {
    private struct Entry: Comparable {
        let moment: ContinuousClock.Instant
        let name: UInt64

        static func < (first: Entry, second: Entry) -> Bool { first.moment < second.moment }
    }

    /// Holds, beside those in `moments`, such that were replaced or whose stream is gone: a heap gives up only its
    /// least, so that they wait there for their time, or for the sweep.
    private var entries = Heap<Entry>()
    /// The most entries since the last sweep.
    private var peak = 0
    private var moments: [UInt64: ContinuousClock.Instant] = [:]

    package init() {}

    /// How many there are in memory.
    package var entryCount: Int { entries.count }

    /// The moment of which somebody may want to be told next.
    package var earliest: ContinuousClock.Instant? { entries.min?.moment }

    /// Replaces the stream's earlier moment.
    package mutating func set(_ moment: ContinuousClock.Instant, for name: UInt64) {
        moments[name] = moment
        entries.insert(Entry(moment: moment, name: name))
        peak = max(peak, entries.count)
        if entries.count > 2 * moments.count + 1024 { sweep() }
    }

    package mutating func remove(_ name: UInt64) { moments.release(name) }

    /// The next stream whose moment has come, which then has none.
    package mutating func next(at now: ContinuousClock.Instant) -> UInt64? {
        while let first = entries.min, first.moment <= now {
            entries.removeMin()
            if peak > 1024, entries.count < peak / 8 { sweep() }
            if moments[first.name] == first.moment {
                moments.release(first.name)
                return first.name
            }
        }
        return nil
    }

    /// Leaves only what somebody waits for, and its room. Without it a client that connects and leaves all the time would
    /// leave an entry of many seconds each time.
    private mutating func sweep() {
        entries = Heap(entries.unordered.filter { moments[$0.name] == $0.moment })
        peak = entries.count
    }
}
