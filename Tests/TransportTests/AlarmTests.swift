import Testing
import Transport

struct AlarmTests {
    @Test func `returns when the moment has come, not before`() async {
        let moments = [30, 10, 20].map { ContinuousClock.now + .milliseconds($0) }
        await withTaskGroup(of: Bool.self) { group in
            for moment in moments {
                group.addTask {
                    await Alarm.wait(until: moment)
                    return ContinuousClock.now >= moment
                }
            }
            for await isLater in group { #expect(isLater) }
        }
    }

    @Test func `returns when its task is cancelled, before it waits or while it does`() async {
        for isWaiting in [false, true] {
            let task = Task { await Alarm.wait(until: .now + .seconds(100_000)) }
            if isWaiting { await Task.yield() }
            task.cancel()
            await task.value
        }
    }
}
