import Jobs
import Testing

struct BatchStatusTests {
    @Test func nothingLeavesAFinalStatus() {
        for last in BatchStatus.allCases where last.isFinal {
            #expect(!BatchStatus.allCases.contains { last.mayBecome($0) })
        }
    }

    @Test func everyStatusButTheFirstCanBeReached() {
        for status in BatchStatus.allCases where status != .validating {
            #expect(BatchStatus.allCases.contains { $0.mayBecome(status) })
        }
    }

    @Test func aCancelledBatchNeverCompletes() {
        #expect(!BatchStatus.cancelling.mayBecome(.completed))
        #expect(!BatchStatus.cancelling.mayBecome(.finalizing))
    }
}
