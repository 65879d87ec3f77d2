/// GPT-2's way to write any byte as a visible character: 33-126, 161-172 and 174-255 stand for themselves, the
/// other 68 bytes are U+0100 and up in order (a space is "Ġ", U+0120).
enum ByteAlphabet {
    private static let standsForItself: [Bool] = (0..<256).map {
        (33...126).contains($0) || (161...172).contains($0) || (174...255).contains($0)
    }

    /// Byte of U+0100 + position.
    private static let shifted: [UInt8] = (0..<256).filter { !standsForItself[$0] }.map { UInt8($0) }

    /// The bytes that `text` (UTF-8) writes, nil where it holds a character outside the alphabet.
    static func bytes(of text: some Collection<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        return append(text, to: &result) ? result : nil
    }

    static func append(_ text: some Collection<UInt8>, to result: inout [UInt8]) -> Bool {
        result.reserveCapacity(result.count + text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let first = text[index]
            text.formIndex(after: &index)
            if first < 0x80 {
                guard standsForItself[Int(first)] else { return false }
                result.append(first)
                continue
            }
            guard index != text.endIndex, (0xC2...0xC5).contains(first), text[index] & 0xC0 == 0x80,
                let byte = byte(of: Int(first & 0x1F) << 6 | Int(text[index] & 0x3F))
            else { return false }
            text.formIndex(after: &index)
            result.append(byte)
        }
        return true
    }

    private static func byte(of scalar: Int) -> UInt8? {
        if scalar < 0x100 { return standsForItself[scalar] ? UInt8(scalar) : nil }
        return scalar - 0x100 < shifted.count ? shifted[scalar - 0x100] : nil
    }
}
