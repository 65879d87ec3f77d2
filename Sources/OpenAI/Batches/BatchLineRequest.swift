package import JSON

/// One line of a batch's input: a request to an endpoint.
package struct BatchLineRequest: Sendable {
    package let customID: String
    /// The path that it is for.
    package let url: String
    package let body: JSONObject

    /// Most bytes of an id.
    private static let idLimit = 512

    /// The id of a line, also of one that is wrong otherwise; empty without one.
    package static func customID(of line: JSONValue) -> String {
        let id = line.object?["custom_id"]?.string ?? ""
        return id.utf8.count <= idLimit ? id : ""
    }

    /// - Parameter endpoints: those that the line may be for; nil takes any.
    package init(_ line: JSONValue, endpoints: [String]?) throws(APIError) {
        var reader = try FieldReader(line)
        guard let id = try reader.string("custom_id"), (1...Self.idLimit).contains(id.utf8.count) else {
            throw .invalid("custom_id", "'custom_id' must be a string of 1 to \(Self.idLimit) bytes.")
        }
        customID = id
        guard try reader.string("method") == "POST" else { throw .invalid("method", "'method' must be 'POST'.") }
        let path = try reader.string("url") ?? ""
        guard endpoints?.contains(where: { $0.utf8.elementsEqual(path.utf8) }) ?? path.hasPrefix("/") else {
            let known = endpoints.map { ", \($0.joined(separator: " or "))" } ?? ""
            throw .invalid("url", "'url' must be the endpoint of the batch\(known).")
        }
        url = path
        guard let value = reader.value("body"), let body = value.object else {
            throw .invalid("body", "'body' must be an object.")
        }
        guard body["stream"]?.bool != true else {
            throw .unsupported("body.stream", "The answers of a batch cannot be streamed.")
        }
        self.body = body
        try reader.finish()
    }
}

/// One line of a batch's output or error file.
package enum BatchLineObject {
    /// - Parameter id: the same whenever the line runs.
    package static func answer(
        id: String, customID: String, status: Int, requestID: String, body: JSONValue
    ) -> JSONValue {
        [
            "id": .string(id), "custom_id": .string(customID),
            "response": [
                "status_code": .integer(Int64(status)), "request_id": .string(requestID), "body": body,
            ],
            "error": .null,
        ]
    }

    /// Of a line that was not answered.
    ///
    /// - Parameter line: its number in the input.
    package static func refusal(
        id: String, customID: String, line: Int, code: String, message: String, param: String?
    ) -> JSONValue {
        [
            "id": .string(id), "custom_id": customID.isEmpty ? .null : .string(customID), "response": .null,
            "error": [
                "code": .string(code), "message": .string(message), "param": param.map(JSONValue.string) ?? .null,
                "line": .integer(Int64(line)),
            ],
        ]
    }
}
