import Foundation

/// How long to wait before something that has failed is tried again: twice as long each time, a minute at most.
enum Backoff {
    static func wait(afterFailures count: Int) async throws {
        try await Task.sleep(for: .seconds(min(60, 0.5 * pow(2, Double(count - 1)))))
    }
}
