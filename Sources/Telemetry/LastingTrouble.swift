package import Logging
import Synchronization

/// Logs a trouble that may last when it begins and when it is over: a disk that fails at every try would fill the log, or
/// what is left of the disk that it goes to. Any thread may tell.
package final class LastingTrouble: Sendable {
    private let logger: Logger
    private let begin: Logger.Message
    private let end: Logger.Message
    private let isThere = Mutex(false)

    /// - Parameters:
    ///   - begin: what is wrong while it lasts.
    ///   - end: what is right again.
    package init(_ begin: Logger.Message, over end: Logger.Message, logger: Logger) {
        self.logger = logger
        self.begin = begin
        self.end = end
    }

    /// A try failed.
    package func note(_ error: any Error) {
        guard change(to: true) else { return }
        logger.error(begin, metadata: ["error": "\(error)"])
    }

    /// A try succeeded.
    package func clear() {
        guard change(to: false) else { return }
        logger.notice(end)
    }

    private func change(to now: Bool) -> Bool {
        isThere.withLock { isThere in
            defer { isThere = now }
            return isThere != now
        }
    }
}
