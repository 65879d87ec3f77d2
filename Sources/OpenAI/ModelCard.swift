package import JSON

/// One entry of GET /v1/models.
package struct ModelCard: Sendable {
    package let id: String
    package let created: Int64
    package let contextLength: Int

    package init(id: String, created: Int64, contextLength: Int) {
        self.id = id
        self.created = created
        self.contextLength = contextLength
    }

    /// `max_model_len` is vLLM's name for the context length; routers read it.
    package var json: JSONValue {
        [
            "id": .string(id), "object": "model", "created": .integer(created), "owned_by": "drover",
            "max_model_len": .integer(Int64(contextLength)),
        ]
    }

    package static func list(_ cards: [ModelCard]) -> JSONValue {
        ["object": "list", "data": .array(cards.map(\.json))]
    }
}
