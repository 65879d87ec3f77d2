/// Many strings in one buffer. A vocabulary of 128k tokens with 280k merges is two of these instead of 400k objects.
///
/// Every element is valid UTF-8.
package struct PackedStrings: Sendable, Equatable, RandomAccessCollection {
    private var bytes: [UInt8] = []
    /// (count + 1) where each string begins, and the end of the last.
    private var bounds: [Int] = [0]

    package init() {}

    package init(_ strings: some Sequence<String>) {
        for string in strings {
            bytes.append(contentsOf: string.utf8)
            bounds.append(bytes.count)
        }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { bounds.count - 1 }

    package subscript(position: Int) -> String {
        String(decoding: self.bytes(at: position), as: UTF8.self)
    }

    /// UTF-8 of one string.
    package func bytes(at position: Int) -> ArraySlice<UInt8> { bytes[bounds[position]..<bounds[position + 1]] }

    package func length(at position: Int) -> Int { bounds[position + 1] - bounds[position] }

    mutating func reserve(count: Int) { bounds.reserveCapacity(count + 1) }

    /// Adds one string by letting `fill` append its UTF-8 to the buffer.
    mutating func append<Failure: Error>(_ fill: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        try fill(&bytes)
        bounds.append(bytes.count)
    }
}
