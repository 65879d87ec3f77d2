import JSON

/// What clients attach to a request for their own use: up to 16 short texts.
enum Metadata {
    private static let countLimit = 16
    private static let nameLimit = 64
    private static let valueLimit = 512

    /// The field `metadata`; nil when absent. The limits are OpenAI's.
    static func read(_ reader: inout FieldReader) throws(APIError) -> JSONValue? {
        guard let value = reader.value("metadata") else { return nil }
        guard let members = value.object?.members, members.count <= countLimit,
            members.allSatisfy({
                $0.name.unicodeScalars.count <= nameLimit
                    && ($0.value.string?.unicodeScalars.count ?? .max) <= valueLimit
            })
        else {
            throw .invalid(
                "metadata",
                """
                'metadata' must be an object of up to \(countLimit) strings, names of up to \(nameLimit) characters \
                and values of up to \(valueLimit).
                """)
        }
        return value
    }
}
