import Synchronization

/// What each key has used today.
package final class UsageBook: Sendable {
    /// A day of UTC.
    package struct Day: Sendable {
        /// Days since 1970-01-01.
        package var number: Int64
        package var usage: [String: KeyUsage]

        package init(number: Int64, usage: [String: KeyUsage] = [:]) {
            self.number = number
            self.usage = usage
        }
    }

    private struct State {
        var day: Day
        /// Days that are over and were not written down yet.
        var past: [Day] = []
        var isChanged = false
    }

    private let state: Mutex<State>

    /// - Parameter day: what was used of the day before the process started.
    package init(_ day: Day) { state = Mutex(State(day: day)) }

    func usage(of name: String, day: Int64) -> KeyUsage {
        state.withLock { $0.day.number == day ? $0.day.usage[name] ?? KeyUsage() : KeyUsage() }
    }

    package func add(_ usage: KeyUsage, of name: String, day: Int64) {
        state.withLock { state in
            if day > state.day.number {
                if state.isChanged { state.past.append(state.day) }
                state.day = Day(number: day)
            }
            state.day.usage[name, default: KeyUsage()].add(usage)
            state.isChanged = true
        }
    }

    /// Writes down the days that have changed since they were written, oldest first. A day that could not be written is
    /// tried again the next time. One task at a time.
    package func flush(_ write: (Day) throws -> Void) throws {
        while let day = state.withLock({ $0.past.first }) {
            try write(day)
            state.withLock { _ = $0.past.removeFirst() }
        }
        let changed = state.withLock { state in
            defer { state.isChanged = false }
            return state.isChanged ? state.day : nil
        }
        guard let changed else { return }
        do {
            try write(changed)
        } catch {
            state.withLock { state in
                if state.day.number == changed.number {
                    state.isChanged = true
                } else if !state.past.contains(where: { $0.number == changed.number }) {
                    // The day ended meanwhile. What came later in it would be there already.
                    state.past.insert(changed, at: 0)
                }
            }
            throw error
        }
    }
}
