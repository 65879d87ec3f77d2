/// `prefix-00002-of-00003.gguf`
struct SplitName {
    let prefix: String

    init?(path: String, count: Int) {
        let suffixLength = "-00001-of-00003.gguf".utf8.count
        let bytes = Array(path.utf8)
        guard bytes.count > suffixLength else { return nil }
        let tail = bytes.suffix(suffixLength)
        let number = tail.dropFirst().prefix(5)
        let ending = Array("-of-\(Self.digits(count)).gguf".utf8)
        guard tail.first == UInt8(ascii: "-"), number.allSatisfy({ (0x30...0x39).contains($0) }),
            tail.dropFirst(6).elementsEqual(ending)
        else { return nil }
        prefix = String(decoding: bytes.dropLast(suffixLength), as: UTF8.self)
    }

    static func path(prefix: String, number: Int, count: Int) -> String {
        "\(prefix)-\(digits(number))-of-\(digits(count)).gguf"
    }

    /// Five digits, with zeros in front.
    static func digits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(5 - text.utf8.count, 0)) + text
    }
}
