/// Why a document was refused, and the byte where the reader stood.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package let offset: Int
    package let reason: String

    package init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(reason) at byte \(offset)" }
}

/// Bounds on what one document may cost.
package struct JSONLimits: Sendable {
    /// Open arrays and objects at one point.
    package var depth: Int
    /// Values in all, the containers counted too.
    package var nodes: Int

    package init(depth: Int = 128, nodes: Int = 1_000_000) {
        self.depth = depth
        self.nodes = nodes
    }
}
