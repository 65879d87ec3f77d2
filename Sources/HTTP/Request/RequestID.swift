import Glibc
import HTTPTypes
import Synchronization

/// Names of requests, which tie a client's report to our log.
enum RequestID {
    private static let name = HTTPField.Name("x-request-id")

    /// Random numbers that no name was made of yet: the system gives many in one call.
    private static let numbers = Mutex<[UInt64]>([])

    /// Up to 256 bytes come at once and whole (getentropy(3)).
    private static let batch = 32

    static func make() -> String {
        let number = numbers.withLock { numbers in
            if numbers.isEmpty { numbers = draw() }
            return numbers.removeLast()
        }
        let digits = String(number, radix: 16)
        return "req-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func draw() -> [UInt64] {
        var numbers = [UInt64](repeating: 0, count: batch)
        let status = numbers.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { getentropy($0, buffer.count) } ?? -1
        }
        // A system that forbids the call: one at a time, from wherever Swift finds them.
        return status == 0 ? numbers : [.random(in: .min ... .max)]
    }

    /// The client's own when it is safe to repeat in a header and a log line.
    static func choose(_ fields: HTTPFields) -> String {
        guard let name, let given = fields[fields: name].first else { return make() }
        let text = given.withUnsafeBytesOfValue { bytes in
            (1...128).contains(bytes.count) && bytes.allSatisfy(ASCII.isVisible) ? ASCII.text(bytes) : nil
        }
        return text ?? make()
    }
}
