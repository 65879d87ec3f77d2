/// Why the prefix cache could not give all of a prompt's full blocks.
package enum PrefixMiss: String, Sendable, CaseIterable {
    /// The prompt has no full block before its last token.
    case short
    /// No prompt began like this one.
    case unknown
    /// Others began like this one, and then went on differently or ended.
    case diverged
    /// A request that comes later in order was still computing it.
    case behind
    /// It was here, and had to make room.
    case evicted
}
