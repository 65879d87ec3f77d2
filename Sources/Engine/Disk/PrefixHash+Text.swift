extension PrefixHash: CustomStringConvertible {
    /// 32 hexadecimal digits.
    package var description: String { Self.digits(high) + Self.digits(low) }

    /// Reads back a description, in lower case only: a name has one spelling.
    package init?(_ text: Substring) {
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isPlain, text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(low: low, high: high)
    }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
