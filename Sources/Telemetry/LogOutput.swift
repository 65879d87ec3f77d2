package import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Where lines of the log go: standard error, which may be a file, a pipe or journald's socket.
///
/// Nobody ever waits for its reader. What the kernel's own buffer does not take is dropped and counted, and the next
/// line that goes out follows one that says how many are missing. Any thread may write.
package final class LogOutput: Sendable {
    package static let standardError = LogOutput(descriptor: STDERR_FILENO)

    /// A pipe that polls as writable takes so many bytes without blocking (PIPE_BUF, pipe(7)); longer lines are cut.
    package static let lineLimit = 4096

    private struct State {
        /// What a socket has not taken of a line that it began.
        var rest: ArraySlice<UInt8> = []
        var unreported = 0
        var dropped = 0
    }

    private let descriptor: Int32
    private let isJournal: Bool
    private let state = Mutex(State())

    /// - Parameter journal: what systemd says in JOURNAL_STREAM, `device:inode` of the stream that journald reads.
    package init(descriptor: Int32, journal: String? = getenv("JOURNAL_STREAM").map { String(cString: $0) }) {
        self.descriptor = descriptor
        var status = stat()
        isJournal = fstat(descriptor, &status) == 0 && journal == "\(status.st_dev):\(status.st_ino)"
    }

    /// Lines that nobody will ever read.
    package var droppedLines: Int { state.withLock { $0.dropped } }

    /// Writes a line, if it can at once.
    /// - Parameter notice: the line that tells of so many dropped ones.
    package func write(_ line: LogLine, _ level: Logger.Level, notice: (Int) -> LogLine) {
        state.withLock { state in
            let missing = state.unreported
            if missing > 0, put(notice(missing), .warning, &state) { state.unreported = 0 }
            guard state.unreported == 0, put(line, level, &state) else {
                state.unreported += 1
                state.dropped += 1
                return
            }
        }
    }

    /// False when nothing of the line has gone out.
    private func put(_ line: LogLine, _ level: Logger.Level, _ state: inout State) -> Bool {
        state.rest = state.rest.dropFirst(send(state.rest))
        guard state.rest.isEmpty else { return false }
        let bytes = line.bytes(prefix: isJournal ? Self.priority(level) : "", limit: Self.lineLimit)[...]
        let count = send(bytes)
        if count > 0 { state.rest = bytes.dropFirst(count) }
        return count > 0
    }

    /// How many bytes went out without waiting.
    private func send(_ bytes: ArraySlice<UInt8>) -> Int {
        guard !bytes.isEmpty else { return 0 }
        return bytes.withUnsafeBytes { bytes in
            let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
            guard sent < 0, errno == ENOTSOCK else { return max(0, sent) }
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard Glibc.poll(&poll, 1, 0) == 1, poll.revents & Int16(POLLOUT) != 0 else { return 0 }
            return max(0, Glibc.write(descriptor, bytes.baseAddress, bytes.count))
        }
    }

    /// sd-daemon(3): the priority that journald takes off the line.
    private static func priority(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "<7>"
        case .info: "<6>"
        case .notice: "<5>"
        case .warning: "<4>"
        case .error: "<3>"
        case .critical: "<2>"
        }
    }
}
