import Engine
import Testing

/// On machines that are formulas.
struct StepTimesTests {
    /// Reads its weights in a fixed time, and computes meanwhile.
    private struct Machine {
        var reading = 0.028
        var perRow = 0.0032
        var load = 1.0

        func seconds(_ rows: Int) -> Double { load * max(reading, 0.4 * reading + perRow * Double(rows)) }
    }

    /// Lets prompts run beside `decoding` rows; returns the times and rows of the steps.
    private func run(
        _ times: inout StepTimes, _ machine: Machine, steps: Int, decoding: Int = 8, target: Double? = 0.1
    ) -> [(seconds: Double, rows: Int)] {
        (0..<steps).map { _ in
            let rows = decoding + (times.promptRows(beside: decoding, target: target, room: 512 - decoding) ?? 64)
            let seconds = machine.seconds(rows)
            times.observe(rows: rows, duration: .seconds(seconds))
            return (seconds, rows)
        }
    }

    /// What a server has seen when the second prompt comes: one prompt, and steps that decode.
    private func seasoned(_ machine: Machine) -> StepTimes {
        var times = StepTimes(rowLimit: 512)
        times.observe(rows: 512, duration: .seconds(machine.seconds(512)))
        for _ in 0..<4 { times.observe(rows: 8, duration: .seconds(machine.seconds(8))) }
        return times
    }

    @Test func `a draft model gets what a step leaves of its target, or the time of a small step`() throws {
        let machine = Machine()
        var times = StepTimes(rowLimit: 512)
        #expect(times.slack(beside: 4, target: 0.1) == nil && times.rows(within: 0.1, room: 9) == nil)
        for rows in [1, 4, 8, 16, 32, 64] { times.observe(rows: rows, duration: .seconds(machine.seconds(rows))) }
        #expect(try abs(#require(times.slack(beside: 4, target: 0.1)) - (0.1 - machine.seconds(4))) < 0.001)
        #expect(try abs(#require(times.slack(beside: 32, target: 0.1)) - machine.seconds(1)) < 0.001)
        #expect(times.slack(beside: 4, target: nil) == times.slack(beside: 4, target: 0.1))
        let rows = try #require(times.rows(within: 0.1, room: 512))
        #expect(machine.seconds(rows) <= 0.1 && machine.seconds(rows + 2) > 0.1)
    }

    @Test func `knows nothing before the first step`() {
        let times = StepTimes(rowLimit: 512)
        #expect(times.seconds(rows: 1) == nil)
        #expect(times.promptRows(beside: 1, target: 0.1, room: 100) == nil)
    }

    @Test func `draws a line between the sizes it has seen`() throws {
        var times = StepTimes(rowLimit: 512)
        times.observe(rows: 1, duration: .milliseconds(30))
        times.observe(rows: 101, duration: .milliseconds(330))
        #expect(abs(try #require(times.seconds(rows: 51)) - 0.18) < 1e-12)
        #expect(abs(try #require(times.seconds(rows: 202)) - 0.66) < 1e-12)
    }

    @Test(arguments: [1.0, 3.0]) func `fills steps up to the target, from the first`(load: Double) {
        let machine = Machine(load: load)
        var times = seasoned(machine)
        for step in run(&times, machine, steps: 50, target: 0.2) { #expect((0.12...0.21).contains(step.seconds)) }
    }

    @Test func `grows into sizes it never saw`() {
        var times = StepTimes(rowLimit: 512)
        times.observe(rows: 1, duration: .seconds(Machine().seconds(1)))
        let steps = run(&times, Machine(), steps: 20, decoding: 1)
        #expect(steps.allSatisfy { $0.seconds <= 0.101 })
        #expect(steps.suffix(10).allSatisfy { $0.seconds > 0.09 })
    }

    @Test func `follows a machine that slows down and recovers`() {
        var times = seasoned(Machine())
        _ = run(&times, Machine(), steps: 20)
        let slow = run(&times, Machine(load: 2), steps: 20, decoding: 2)
        #expect(slow.suffix(10).allSatisfy { (0.08...0.12).contains($0.seconds) })
        let fast = run(&times, Machine(), steps: 30, decoding: 2)
        #expect(fast.suffix(10).allSatisfy { (0.08...0.101).contains($0.seconds) })
    }

    @Test func `one bad measurement does not last`() {
        var times = seasoned(Machine())
        for rows in [64, 128, 256] { times.observe(rows: rows, duration: .seconds(60)) }
        let steps = run(&times, Machine(), steps: 30, target: 0.5)
        #expect(steps.last.map { $0.seconds > 0.4 } == true)
    }

    /// A large model takes longer than the target for every step.
    @Test func `prompts get on where the target is out of reach`() {
        let machine = Machine(reading: 1.4, perRow: 0.16)
        var times = seasoned(machine)
        let decoding = machine.seconds(8)
        for step in run(&times, machine, steps: 30).suffix(20) {
            #expect(step.rows > 8 && step.seconds <= decoding + 1.4)
        }
        #expect(run(&times, machine, steps: 1).allSatisfy { $0.rows >= 11 })
    }

    /// Without a target prompts keep three quarters of their speed, and small models their 100 ms.
    @Test(arguments: [(0.028, 0.0032, 0.12...0.2), (0.003, 0.0002, 0.09...0.102)])
    func `finds the step that is worth it`(reading: Double, perRow: Double, expected: ClosedRange<Double>) throws {
        let machine = Machine(reading: reading, perRow: perRow)
        var times = seasoned(machine)
        let steps = run(&times, machine, steps: 40, target: nil).suffix(20)
        let idle = 512 / machine.seconds(512)
        for step in steps {
            #expect(expected.contains(step.seconds))
            #expect(Double(step.rows - 8) / step.seconds > 0.7 * idle)
        }
    }

    @Test func `takes no more than there is room for, and one at least`() {
        let times = seasoned(Machine())
        #expect(times.promptRows(beside: 8, target: 100, room: 30) == 30)
        #expect(times.promptRows(beside: 8, target: 100, room: 0) == 1)
        #expect(times.promptRows(beside: 500, target: 0, room: 12) ?? 0 >= 1)
    }

    @Test func `steps without rows or time teach nothing`() {
        var times = StepTimes(rowLimit: 512)
        times.observe(rows: 0, duration: .seconds(1))
        times.observe(rows: 5, duration: .zero)
        times.observe(rows: 5, duration: .seconds(-1))
        #expect(times.seconds(rows: 5) == nil)
        times.observe(rows: 100_000, duration: .seconds(1))
        #expect(times.seconds(rows: 100_000) == 1)
    }
}
