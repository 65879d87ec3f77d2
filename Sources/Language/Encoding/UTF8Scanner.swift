/// Reads UTF-8 that may be broken or cut off (Unicode 16, table 3-7).
enum UTF8Scanner {
    /// The code point at `position` and its length; U+FFFD of length 1 where the bytes are not valid.
    static func scalar(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> (value: UInt32, length: Int) {
        let first = bytes[position]
        let length = length(leadByte: first)
        guard length > 1, position + length <= bytes.count, isSecond(bytes[position + 1], after: first) else {
            return (first < 0x80 ? UInt32(first) : 0xFFFD, 1)
        }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = bytes[position + offset]
            guard byte & 0xC0 == 0x80 else { return (0xFFFD, 1) }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return (value, length)
    }

    /// Bytes of a sequence that starts so; 1 for ASCII, 0 for a byte that starts none.
    static func length(leadByte: UInt8) -> Int {
        switch leadByte {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// E0, ED, F0 and F4 narrow the second byte: no overlong forms, no surrogates, nothing above U+10FFFF.
    static func isSecond(_ byte: UInt8, after leadByte: UInt8) -> Bool {
        switch leadByte {
        case 0xE0: (0xA0...0xBF).contains(byte)
        case 0xED: (0x80...0x9F).contains(byte)
        case 0xF0: (0x90...0xBF).contains(byte)
        case 0xF4: (0x80...0x8F).contains(byte)
        default: (0x80...0xBF).contains(byte)
        }
    }

    /// Bytes at the end that more bytes could complete to one code point, 0 to 3.
    static func incompleteSuffix(of bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let start = bytes.count - count
            let byte = bytes[start]
            if byte & 0xC0 == 0x80 { continue }
            guard length(leadByte: byte) > count else { return 0 }
            return count == 1 || isSecond(bytes[start + 1], after: byte) ? count : 0
        }
        return 0
    }
}
