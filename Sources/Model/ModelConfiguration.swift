/// The shape of a Llama model: everything the forward pass needs to know besides the weights.
///
/// One graph serves 1B to 405B; nothing here is decided by a model's name. Every value is checked when it is
/// read (positive, in range, head count divisible by K/V heads), so arithmetic on them cannot overflow.
package struct ModelConfiguration: Sendable, Equatable {
    package var layers: Int
    /// Length of the residual stream ("hidden size").
    package var width: Int
    /// Length of the gated inner vector ("intermediate size").
    package var feedForwardWidth: Int
    /// Query heads.
    package var heads: Int
    /// K/V heads; each serves `groupSize` query heads (GQA).
    package var keyValueHeads: Int
    package var headSize: Int
    package var vocabularySize: Int
    /// Most positions the model was made for.
    package var contextLength: Int
    package var normEpsilon: Float
    package var ropeBase: Double
    /// Divisors of the rotary frequencies, `headSize / 2` of them; ones where there is no scaling.
    /// angle(position, i) = position * ropeBase^(-2i/headSize) / ropeDivisors[i]
    package var ropeDivisors: [Float]
    /// The head is the embedding table.
    package var tiedEmbeddings: Bool

    package init(
        layers: Int, width: Int, feedForwardWidth: Int, heads: Int, keyValueHeads: Int, headSize: Int,
        vocabularySize: Int, contextLength: Int, normEpsilon: Float, ropeBase: Double, ropeDivisors: [Float],
        tiedEmbeddings: Bool
    ) {
        self.layers = layers
        self.width = width
        self.feedForwardWidth = feedForwardWidth
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.normEpsilon = normEpsilon
        self.ropeBase = ropeBase
        self.ropeDivisors = ropeDivisors
        self.tiedEmbeddings = tiedEmbeddings
    }

    /// Query heads that share one K/V head.
    package var groupSize: Int { heads / keyValueHeads }
}
