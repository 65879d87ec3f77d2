import Testing
import Transport

struct DeadlinesTests {
    let start = ContinuousClock.now

    private func moment(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func names(_ deadlines: inout Deadlines, at milliseconds: Int) -> [UInt64] {
        var names: [UInt64] = []
        while let name = deadlines.next(at: moment(milliseconds)) { names.append(name) }
        return names
    }

    @Test func `tells of each stream once, in order of time, not before`() {
        var deadlines = Deadlines()
        for (name, time) in [(1, 30), (2, 10), (3, 20)] { deadlines.set(moment(time), for: UInt64(name)) }
        #expect(deadlines.earliest == moment(10))
        #expect(names(&deadlines, at: 9) == [])
        #expect(names(&deadlines, at: 20) == [2, 3])
        #expect(names(&deadlines, at: 100) == [1])
        #expect(deadlines.earliest == nil)
    }

    @Test func `takes a stream's last moment, earlier or later`() {
        var deadlines = Deadlines()
        deadlines.set(moment(10), for: 1)
        deadlines.set(moment(30), for: 1)
        deadlines.set(moment(40), for: 2)
        deadlines.set(moment(20), for: 2)
        #expect(names(&deadlines, at: 25) == [2])
        #expect(names(&deadlines, at: 100) == [1])
    }

    @Test func `forgets a stream that is gone`() {
        var deadlines = Deadlines()
        deadlines.set(moment(10), for: 1)
        deadlines.remove(1)
        #expect(names(&deadlines, at: 100) == [])
    }

    @Test func `keeps little of many that come and go`() {
        var deadlines = Deadlines()
        deadlines.set(moment(5), for: 1)
        for name in UInt64(2)...100_000 {
            deadlines.set(moment(10), for: name)
            deadlines.remove(name)
        }
        #expect(deadlines.entryCount < 2_000)
        #expect(names(&deadlines, at: 10) == [1])
        #expect(deadlines.entryCount == 0)
    }

    @Test func `gives the room of a crowd back`() {
        var counts: [UInt64: Int] = [:]
        for name in UInt64(0)..<10_000 { counts[name] = 1 }
        for name in UInt64(0)..<9_990 { counts.release(name) }
        #expect(counts.count == 10 && counts[9_999] == 1)
        #expect(counts.capacity < 2_000)
    }
}
