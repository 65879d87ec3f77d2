/// A word of the template language and the line where it starts.
struct TemplateToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// Text outside of tags, white-space control applied.
        case text([UInt8])
        case beginOutput
        case endOutput
        case beginBlock
        case endBlock
        case name(String)
        case string([UInt8])
        case integer(Int)
        case double(Double)
        case symbol(String)
        case end
    }

    let kind: Kind
    let line: Int
}
