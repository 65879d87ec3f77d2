package import JSON

/// Who made a set, and how: the same in all of its records.
package struct Provenance: Sendable {
    package let model: String
    /// SHA-256 of a local model's files; nil for a server's.
    package let sha256: String?
    /// The server's `system_fingerprint`.
    package let fingerprint: String?
    package let licence: Licence
    package let sampler: JSONObject
    package let recipe: String

    package init(
        model: String, sha256: String?, fingerprint: String?, licence: Licence, sampler: JSONObject, recipe: String
    ) {
        self.model = model
        self.sha256 = sha256
        self.fingerprint = fingerprint
        self.licence = licence
        self.sampler = sampler
        self.recipe = recipe
    }

    var generator: JSONValue {
        var object: JSONObject = ["model": .string(model), "licence": licence.name.map(JSONValue.string) ?? .null]
        object["sha256"] = sha256.map(JSONValue.string)
        object["fingerprint"] = fingerprint.map(JSONValue.string)
        return .object(object)
    }
}
