/// The `host[:port]` of a request (RFC 3986 3.2, without user information).
enum Authority {
    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        var host = bytes
        if let close = bytes.lastIndex(of: UInt8(ascii: "]")) {
            host = bytes[...close]
            let address = host.dropFirst().dropLast()
            guard host.first == UInt8(ascii: "["), !address.isEmpty, address.allSatisfy(isAddress) else { return false }
        } else {
            host = bytes.prefix { $0 != ASCII.colon }
            guard !host.isEmpty, host.allSatisfy(isName) else { return false }
        }
        return isPort(bytes[host.endIndex...])
    }

    /// The host without the port, an IPv6 address without its brackets.
    static func name(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if let close = bytes.lastIndex(of: UInt8(ascii: "]")) { return bytes[..<close].dropFirst() }
        return bytes.prefix { $0 != ASCII.colon }
    }

    /// Empty, or a colon and up to five digits, which may be none (RFC 3986 3.2.3).
    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let colon = bytes.first else { return true }
        let digits = bytes.dropFirst()
        guard colon == ASCII.colon, digits.count <= 5, digits.allSatisfy({ ASCII.digit($0) != nil }) else {
            return false
        }
        return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 } <= 65535
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        ASCII.hexDigit(byte) != nil || byte == ASCII.colon || byte == UInt8(ascii: ".")
    }

    /// unreserved of RFC 3986 and the escapes and sub-delimiters that occur in names.
    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
}
