/// Checks chunk extensions, which are then ignored: `;name`, `;name=token`, `;name="quoted"` (RFC 9112 7.1.1).
/// The blanks that the RFC calls bad white space are refused: servers disagree about them.
enum ChunkExtensions {
    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while let semicolon = rest.popFirst() {
            guard semicolon == UInt8(ascii: ";"), dropToken(&rest) else { return false }
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest.removeFirst()
            guard rest.first == ASCII.quote ? dropQuoted(&rest) : dropToken(&rest) else { return false }
        }
        return true
    }

    private static func dropToken(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let token = rest.prefix(while: ASCII.isToken)
        rest = rest[token.endIndex...]
        return !token.isEmpty
    }

    private static func dropQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case ASCII.quote: return true
            case ASCII.backslash:
                guard let escaped = rest.popFirst(), ASCII.isFieldText(escaped) else { return false }
            default:
                guard ASCII.isFieldText(byte) else { return false }
            }
        }
        return false
    }
}
