/// Finds where the bracket that a text opens with closes. Strings are passed over; each byte is looked at once.
struct BracketScanner: Sendable {
    /// What strings begin and end with.
    enum Quotes: Sendable {
        case json
        case python

        func contains(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "\"") || self == .python && byte == UInt8(ascii: "'")
        }
    }

    private let quotes: Quotes
    private var depth: Int
    private var quote: UInt8?
    private var isEscape = false

    /// - Parameter depth: brackets that are open already.
    init(_ quotes: Quotes, depth: Int = 0) {
        self.quotes = quotes
        self.depth = depth
    }

    /// The position behind the closing bracket; nil where it is still to come, behind this piece of the text.
    mutating func end(in piece: ArraySlice<UInt8>) -> Int? {
        for (position, byte) in zip(piece.indices, piece) {
            if let quote {
                if isEscape {
                    isEscape = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscape = true
                } else if byte == quote {
                    self.quote = nil
                }
                continue
            }
            switch byte {
            case _ where quotes.contains(byte): quote = byte
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "("): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"):
                depth -= 1
                if depth <= 0 { return position + 1 }
            default: break
            }
        }
        return nil
    }
}
