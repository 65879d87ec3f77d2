import CKernels

extension MemoryPlan {
    /// Multiply-adds with weights for one token, without the head, which only rows that sample go through, and without
    /// attention, which depends on the position.
    package var layerProductsPerToken: Int {
        let attention = configuration.heads * configuration.headSize
        let keys = configuration.keyValueHeads * configuration.headSize
        let width = configuration.width
        return configuration.layers
            * (width * (attention + 2 * keys) + attention * width + 3 * width * configuration.feedForwardWidth)
    }

    /// Bytes of weights that a decode step reads, whatever the batch: all but an embedding table that is not the head.
    package var weightBytesPerStep: Int {
        let head = configuration.vocabularySize * configuration.width
        return (layerProductsPerToken + head) * kernels.table.pointee.weight_bytes
    }
}
