/// The nine tensors of one layer.
package enum LayerTensor: Hashable, Sendable, CaseIterable {
    /// (1, width)
    case attentionNorm
    /// (heads * headSize, width)
    case query
    /// (keyValueHeads * headSize, width)
    case key
    /// (keyValueHeads * headSize, width)
    case value
    /// (width, heads * headSize)
    case attentionOutput
    /// (1, width)
    case feedForwardNorm
    /// (feedForwardWidth, width)
    case gate
    /// (feedForwardWidth, width)
    case up
    /// (width, feedForwardWidth)
    case down
}
