import JSON

/// What every answer and every chunk of one request begins with. The same in all chunks of a stream.
package struct AnswerHead: Sendable {
    package let id: String
    /// Seconds since 1970.
    package let created: Int64
    /// The model's name as the client asked for it.
    package let model: String
    /// Changes when the same seed may give another text: other weights, other kernels.
    package let fingerprint: String

    package init(id: String, created: Int64, model: String, fingerprint: String) {
        self.id = id
        self.created = created
        self.model = model
        self.fingerprint = fingerprint
    }

    func object(_ kind: String, choices: JSONValue) -> JSONObject {
        [
            "id": .string(id), "object": .string(kind), "created": .integer(created), "model": .string(model),
            "system_fingerprint": .string(fingerprint), "choices": choices,
        ]
    }
}
