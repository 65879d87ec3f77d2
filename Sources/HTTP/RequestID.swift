import HTTPTypes

/// Names of requests, which tie a client's report to our log.
enum RequestID {
    private static let name = HTTPField.Name("x-request-id")

    static func make() -> String {
        let number = UInt64.random(in: .min ... .max)
        let digits = String(number, radix: 16)
        return "req-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
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
