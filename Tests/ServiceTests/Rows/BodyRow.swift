import JSON
import Testing

/// A body and how it is answered, by the row of the table of bad inputs that this server answers for (J1 to J53).
struct BodyRow: CustomTestStringConvertible, Sendable {
    let row: String
    let path: String
    let body: [UInt8]
    let status: Int
    /// The field that the refusal names.
    let param: String?

    init(_ row: String, _ body: [UInt8], _ status: Int = 400, param: String? = nil, path: String = chatPath) {
        (self.row, self.body, self.status, self.param, self.path) = (row, body, status, param, path)
    }

    var testDescription: String {
        "\(row) \(path) \(String(decoding: body.prefix(100), as: UTF8.self).debugDescription) \(body.count)"
    }

    static let all = documents + texts + numbers + lists + messages + tools + prompts + kinds + options

    static let chatPath = "/v1/chat/completions"
    static let completions = "/v1/completions"

    static func text(_ row: String, _ body: String, _ status: Int = 400, param: String? = nil, path: String = chatPath)
        -> BodyRow
    {
        BodyRow(row, Array(body.utf8), status, param: param, path: path)
    }

    /// A chat request that is right but for this member.
    static func chat(_ row: String, _ field: String, _ value: String, _ status: Int = 400, param: String? = nil)
        -> BodyRow
    {
        let name = param ?? (status == 200 ? nil : field)
        let messages = #""messages": [{"role": "user", "content": "a"}], "max_tokens": 1"#
        let all =
            field == "messages" ? #""max_tokens": 1"# : field == "max_tokens" ? String(messages.dropLast(17)) : messages
        return text(row, "{\(all), \"\(field)\": \(value)}", status, param: name)
    }

    /// A plain completion of one token with this prompt.
    static func prompt(_ row: String, _ value: String, _ status: Int = 400, param: String? = nil) -> BodyRow {
        text(
            row, "{\"prompt\": \(value), \"max_tokens\": 1}", status,
            param: param ?? (status == 200 ? nil : "prompt"), path: completions)
    }

    /// A message with the bytes in its text.
    static func content(_ row: String, _ bytes: [UInt8], _ status: Int = 400) -> BodyRow {
        let (head, tail) = (#"{"max_tokens": 1, "messages": [{"role": "user", "content": ""#, #""}]}"#)
        return BodyRow(row, Array(head.utf8) + bytes + Array(tail.utf8), status)
    }

    static func nested(_ open: String, _ close: String, _ depth: Int) -> String {
        String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }

    static func list(_ count: Int, _ element: (Int) -> String) -> String {
        "[" + (0..<count).map(element).joined(separator: ",") + "]"
    }

    static func quoted(_ count: Int) -> String { "\"" + String(repeating: "a", count: count) + "\"" }

    /// An object of so many members, their names 0, 1, 2, …
    static func object(_ count: Int, _ value: String) -> String {
        let members: [String] = (0..<count).map { number in "\"\(number)\":\(value)" }
        return "{" + members.joined(separator: ",") + "}"
    }
}
