import Telemetry
import Testing

struct RecentRatioTests {
    private let registry = MetricsRegistry()

    @Test func `is the quotient of what the last minute brought`() {
        let ratio = registry.recentRatio("speed", "Tokens a second in the last 60 s.")
        let start = ContinuousClock.now
        #expect(ratio.value(at: start) == 0)
        ratio.add(10, over: 2, at: start)
        ratio.add(20, over: 1, at: start + .seconds(30))
        #expect(ratio.value(at: start + .seconds(30)) == 10)
        #expect(ratio.value(at: start + .seconds(65)) == 20)
        #expect(ratio.value(at: start + .seconds(95)) == 0)
        // A second that takes the place of one long past has nothing of it.
        ratio.add(3, over: 1, at: start + .seconds(120))
        #expect(ratio.value(at: start + .seconds(120)) == 3)
    }

    @Test func `reading it changes nothing`() {
        let ratio = registry.recentRatio("speed", "Tokens a second in the last 60 s.")
        ratio.add(4, over: 2, at: .now)
        #expect(registry.page() == registry.page() && registry.page().contains("speed 2.0\n"))
    }

    @Test func `nothing in no time is 0`() {
        let ratio = registry.recentRatio("speed", "Tokens a second in the last 60 s.")
        ratio.add(4, over: 0, at: .now)
        #expect(ratio.value(at: .now) == 0)
    }
}
