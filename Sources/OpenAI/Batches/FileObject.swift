package import JSON

/// A file as GET /v1/files/{id} tells it.
package enum FileObject {
    package static func json(
        id: String, bytes: Int, createdAt: Int64, expiresAt: Int64?, name: String, purpose: String
    ) -> JSONValue {
        [
            "id": .string(id), "object": "file", "bytes": .integer(Int64(bytes)), "created_at": .integer(createdAt),
            "expires_at": expiresAt.map(JSONValue.integer) ?? .null, "filename": .string(name),
            "purpose": .string(purpose), "status": "processed", "status_details": .null,
        ]
    }
}
