/// The escapes of a Python string literal. An unknown escape keeps its backslash, as in Python.
struct StringUnescaper {
    private let source: ArraySlice<UInt8>
    private var position: Int
    private var result: [UInt8] = []

    init(_ source: ArraySlice<UInt8>) {
        self.source = source
        position = source.startIndex
    }

    /// nil where an escape names no character.
    mutating func unescape() -> [UInt8]? {
        while position < source.endIndex {
            let byte = source[position]
            position += 1
            guard byte == UInt8(ascii: "\\"), position < source.endIndex else {
                result.append(byte)
                continue
            }
            let escape = source[position]
            position += 1
            guard appendEscape(escape) else { return nil }
        }
        return result
    }

    private mutating func appendEscape(_ escape: UInt8) -> Bool {
        switch escape {
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "a"): result.append(0x07)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "v"): result.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(escape)
        case 0x0A: break
        case UInt8(ascii: "x"): return appendScalar(digits: 2)
        case UInt8(ascii: "u"): return appendScalar(digits: 4)
        case UInt8(ascii: "U"): return appendScalar(digits: 8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"): return appendOctal(escape)
        default:
            result.append(UInt8(ascii: "\\"))
            result.append(escape)
        }
        return true
    }

    private mutating func appendScalar(digits: Int) -> Bool {
        guard source.endIndex - position >= digits else { return false }
        let text = source[position..<position + digits]
        guard text.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: text, as: UTF8.self), radix: 16)
        else { return false }
        position += digits
        return append(value)
    }

    private mutating func appendOctal(_ first: UInt8) -> Bool {
        var value = UInt32(first - 0x30)
        var count = 1
        while count < 3, position < source.endIndex, (0x30...0x37).contains(source[position]) {
            value = value << 3 | UInt32(source[position] - 0x30)
            position += 1
            count += 1
        }
        return append(value)
    }

    private mutating func append(_ value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value), let bytes = UTF8.encode(scalar) else { return false }
        result.append(contentsOf: bytes)
        return true
    }
}
