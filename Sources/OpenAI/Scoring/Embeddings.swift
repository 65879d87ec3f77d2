package import JSON

/// The answer to POST /v1/embeddings.
package struct Embeddings: Sendable {
    private let model: String
    private let vectors: [[Float]]
    private let encoding: EmbeddingRequest.Encoding
    private let usage: Usage

    /// - Parameters:
    ///   - model: its name as the client asked for it.
    ///   - vectors: of length 1, in the order of the inputs.
    package init(model: String, vectors: [[Float]], encoding: EmbeddingRequest.Encoding, usage: Usage) {
        self.model = model
        self.vectors = vectors
        self.encoding = encoding
        self.usage = usage
    }

    package var json: JSONValue {
        let data = vectors.enumerated().map { index, vector -> JSONValue in
            ["object": "embedding", "index": .integer(Int64(index)), "embedding": encoded(vector)]
        }
        return [
            "object": "list", "data": .array(data), "model": .string(model),
            "usage": [
                "prompt_tokens": .integer(Int64(usage.promptTokens)),
                "total_tokens": .integer(Int64(usage.promptTokens)),
                "prompt_tokens_details": ["cached_tokens": .integer(Int64(usage.cachedTokens))],
            ],
        ]
    }

    private func encoded(_ vector: [Float]) -> JSONValue {
        switch encoding {
        case .float: .array(vector.map { .number(Double($0)) })
        case .base64: .string(Base64.text(of: vector.flatMap { Self.littleEndian($0) }))
        }
    }

    private static func littleEndian(_ number: Float) -> [UInt8] {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
    }
}
