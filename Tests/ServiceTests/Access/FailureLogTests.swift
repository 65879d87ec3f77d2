import Service
import Testing

struct FailureLogTests {
    @Test func `an address that shows many wrong keys has to wait, for a minute and alone`() {
        let start = ContinuousClock.now
        var log = FailureLog()
        for _ in 0..<FailureLog.limit { #expect(log.fail("10.0.0.1", at: start) == nil) }
        #expect(log.fail("10.0.0.1", at: start + .seconds(20)) == .seconds(40))
        #expect(log.fail("10.0.0.2", at: start + .seconds(20)) == nil)
        #expect(log.fail("10.0.0.1", at: start + .seconds(61)) == nil)
    }

    @Test func `remembers a bounded number of addresses, and those that try most`() {
        let start = ContinuousClock.now
        var log = FailureLog()
        for _ in 0...FailureLog.limit { _ = log.fail("10.0.0.1", at: start) }
        for number in 0..<20_000 {
            _ = log.fail("address \(number)", at: start)
            #expect(log.addressCount <= FailureLog.addressLimit)
        }
        #expect(log.fail("10.0.0.1", at: start) != nil)
    }
}
