package import JSON

/// What a client said to POST /v1/batches.
package struct BatchRequest: Sendable {
    package let inputFile: String
    package let endpoint: String
    package let metadata: JSONObject
    /// Seconds that the files of the batch are kept, from their own creation.
    package let outputLifetime: Int64?

    package init(_ body: JSONValue, endpoints: [String]) throws(APIError) {
        var reader = try FieldReader(body)
        guard let file = try reader.string("input_file_id") else {
            throw .invalid("input_file_id", "'input_file_id' is required.")
        }
        inputFile = file
        guard let path = try reader.string("endpoint"), endpoints.contains(where: { $0.utf8.elementsEqual(path.utf8) })
        else {
            throw .invalid("endpoint", "'endpoint' must be one of \(endpoints.joined(separator: ", ")).")
        }
        endpoint = path
        guard try reader.string("completion_window") == "24h" else {
            throw .invalid("completion_window", "'completion_window' must be '24h'.")
        }
        metadata = try Metadata.read(&reader)?.object ?? JSONObject()
        outputLifetime = try reader.value("output_expires_after").map { value throws(APIError) in
            try ExpiryRule(value, path: "output_expires_after").seconds
        }
        try reader.finish()
    }
}

/// OpenAI's `expires_after`: so many seconds behind the creation.
package struct ExpiryRule: Sendable {
    package let seconds: Int64

    private static let range: ClosedRange<Int64> = 3_600...2_592_000

    package init(_ value: JSONValue, path: String) throws(APIError) {
        var reader = try FieldReader(value, path: path)
        guard try reader.string("anchor") == "created_at" else {
            throw .invalid("\(path).anchor", "'\(path).anchor' must be 'created_at'.")
        }
        guard let seconds = try reader.integer("seconds", in: Self.range) else {
            throw .invalid("\(path).seconds", "'\(path).seconds' is required.")
        }
        self.seconds = Int64(seconds)
        try reader.finish()
    }
}
