#if canImport(Glibc)
import Glibc
#endif

/// Text to the terminal at once. `print` holds it back in a buffer, and Foundation's file handle ends the process when
/// the other end of a pipe is full.
enum Terminal {
    static func output(_ text: String) { send(text, to: STDOUT_FILENO) }

    static func status(_ text: String) { send(text, to: STDERR_FILENO) }

    private static func send(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
