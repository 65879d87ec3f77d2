/// What the sandbox says of a command: `WORD NUMBER OUTPUT_BYTES ERROR_BYTES`, a line feed, and the bytes of both.
struct SandboxAnswer: Equatable {
    enum Outcome: Equatable {
        case exited(code: Int)
        case failed(VerifierFailure)
    }

    let outcome: Outcome
    let output: [UInt8]
    let errors: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 4, let number = Int(words[1]), let output = Int(words[2]), let errors = Int(words[3]),
            output >= 0, errors >= 0, bytes.count - end - 1 == output + errors
        else { return nil }
        self.output = Array(bytes[(end + 1)..<(end + 1 + output)])
        self.errors = Array(bytes[(end + 1 + output)...])
        guard let outcome = Self.outcome(words[0], number, self.output) else { return nil }
        self.outcome = outcome
    }

    private static func outcome(_ word: Substring, _ number: Int, _ output: [UInt8]) -> Outcome? {
        switch word {
        case "exit": .exited(code: number)
        // SIGXCPU
        case "signal": .failed(number == 24 ? .cpuTime : .crashed(signal: Int32(truncatingIfNeeded: number)))
        case "time": .failed(.timedOut)
        case "memory": .failed(.memory)
        case "processes": .failed(.processes)
        case "output": .failed(.output)
        case "network": .failed(.network)
        case "setup": .failed(.couldNotStart(String(decoding: output, as: UTF8.self)))
        default: nil
        }
    }
}
