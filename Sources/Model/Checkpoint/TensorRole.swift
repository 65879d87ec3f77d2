/// What a tensor is for, whatever its file calls it. Shapes are (rows, columns) = (outputs, inputs).
package enum TensorRole: Hashable, Sendable {
    /// (vocabulary, width)
    case embedding
    /// (1, width)
    case outputNorm
    /// (vocabulary, width); absent where the embedding table is the head.
    case output
    case layer(Int, LayerTensor)
}

extension TensorRole {
    /// (rows, columns) that a model of this shape must have; a vector is one row.
    func shape(in model: ModelConfiguration) -> TensorShape {
        let queryWidth = model.heads * model.headSize
        let keyWidth = model.keyValueHeads * model.headSize
        return switch self {
        case .embedding, .output: TensorShape(rows: model.vocabularySize, columns: model.width)
        case .outputNorm, .layer(_, .attentionNorm), .layer(_, .feedForwardNorm):
            TensorShape(rows: 1, columns: model.width)
        case .layer(_, .query): TensorShape(rows: queryWidth, columns: model.width)
        case .layer(_, .key), .layer(_, .value): TensorShape(rows: keyWidth, columns: model.width)
        case .layer(_, .attentionOutput): TensorShape(rows: model.width, columns: queryWidth)
        case .layer(_, .gate), .layer(_, .up): TensorShape(rows: model.feedForwardWidth, columns: model.width)
        case .layer(_, .down): TensorShape(rows: model.width, columns: model.feedForwardWidth)
        }
    }

    /// Whether the rows of this tensor are rotated in pairs.
    var isRotated: Bool {
        switch self {
        case .layer(_, .query), .layer(_, .key): true
        default: false
        }
    }

    /// Every role of a model with `layers` layers, in the order of the forward pass.
    static func all(layers: Int, tied: Bool) -> [TensorRole] {
        var roles: [TensorRole] = [.embedding]
        for layer in 0..<layers { roles += LayerTensor.allCases.map { .layer(layer, $0) } }
        roles.append(.outputNorm)
        if !tied { roles.append(.output) }
        return roles
    }
}
