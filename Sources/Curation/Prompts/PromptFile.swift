import JSON

/// A file of prompts: JSON lines with `prompt` (a text) or `messages`, and whatever fields else.
enum PromptFile {
    static func read(_ path: String, _ source: PromptSource) throws(RecipeError) -> [Prompt] {
        var prompts: [Prompt] = []
        let lines = try InputFile.read(path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
            let place = index + 1
            guard prompts.count < PromptMatrix.limit else {
                throw RecipeError(file: path, line: place, problem: "more than \(PromptMatrix.limit) prompts")
            }
            do {
                prompts.append(try prompt(JSONValue(parsing: Array(line)), source))
            } catch {
                throw RecipeError(file: path, line: place, problem: "\(error)")
            }
        }
        return prompts
    }

    private static func prompt(_ value: JSONValue, _ source: PromptSource) throws -> Prompt {
        guard var fields = value.object else { throw LineError(problem: "must be an object, not \(value.kind)") }
        let (text, messages) = (fields["prompt"], fields["messages"])
        let tools = fields["tools"] ?? source.tools
        for name in ["prompt", "messages", "tools"] { fields[name] = nil }
        if let tools, tools.array?.isEmpty != false { throw LineError(problem: "'tools' must be a list with a tool") }
        switch (text, messages) {
        case (.string(let text)?, nil):
            return Prompt(text: text, system: source.system, tools: tools, fields: fields)
        case (nil, .array(let messages)?):
            try check(messages)
            let system = source.system.map { [["role": "system", "content": .string($0)] as JSONValue] } ?? []
            return Prompt(messages: system + messages, tools: tools, fields: fields)
        default: throw LineError(problem: "needs 'prompt' (a text) or 'messages' (a list)")
        }
    }

    private static func check(_ messages: [JSONValue]) throws {
        guard !messages.isEmpty, messages.allSatisfy({ $0.object?["role"]?.string != nil }) else {
            throw LineError(problem: "'messages' must be a list of messages with a 'role'")
        }
    }
}

private struct LineError: Error, CustomStringConvertible {
    let problem: String
    var description: String { problem }
}
