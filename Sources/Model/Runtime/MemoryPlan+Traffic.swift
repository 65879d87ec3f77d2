package import CKernels

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
    package var weightBytesPerStep: Int { weights.productPanels.reduce(0) { $0 + $1.bytes } }

    /// The form of activations that most products with weights take.
    package var mainForm: ck_form_kind {
        var products = Array(repeating: 0, count: Int(CK_FORMS.rawValue))
        for panel in weights.productPanels { products[Int(panel.form.rawValue)] += panel.strips * panel.depth }
        let most = products.indices.max { products[$0] < products[$1] } ?? 0
        return ck_form_kind(rawValue: UInt32(most))
    }
}
