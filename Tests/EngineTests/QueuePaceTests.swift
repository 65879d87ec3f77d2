import Engine
import Testing

struct QueuePaceTests {
    private let start = ContinuousClock.now

    /// The pace after steps of so many starts each, a second apart, with somebody waiting all the time.
    private func pace(_ starts: [Int]) -> QueuePace {
        var pace = QueuePace()
        pace.observe(started: 0, waiting: 1, at: start)
        for (step, count) in starts.enumerated() {
            pace.observe(started: count, waiting: 1, at: start + .seconds(step + 1))
        }
        return pace
    }

    @Test func `begins with one start in five seconds`() { #expect(QueuePace().interval == .seconds(5)) }

    @Test func `learns how often somebody starts`() {
        #expect((0.25...0.4).contains(pace(Array(repeating: 3, count: 40)).interval / .seconds(1)))
        #expect((9.0...11.0).contains(pace((1...600).map { $0 % 10 == 0 ? 1 : 0 }).interval / .seconds(1)))
    }

    @Test func `follows what changes`() {
        let pace = pace(Array(repeating: 5, count: 50) + (1...400).map { $0 % 4 == 0 ? 1 : 0 })
        #expect((3.5...4.5).contains(pace.interval / .seconds(1)))
    }

    @Test func `a queue that stands still takes longer and longer`() {
        #expect(pace(Array(repeating: 0, count: 100)).interval == .seconds(105))
    }

    @Test func `time without a queue does not count`() {
        var pace = QueuePace()
        for second in 0..<50 { pace.observe(started: 4, waiting: 0, at: start + .seconds(second * 100)) }
        #expect(pace.interval == .seconds(5))
    }
}
