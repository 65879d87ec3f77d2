package import JSON

/// A model's chat template, compiled: conversation in, prompt text out.
///
/// The text knows which of its parts the template wrote and which came from the request, so that `Tokenizer` makes
/// control tokens of the former only. Renders on any thread.
package struct ChatTemplate: Sendable {
    /// Control tokens that templates name.
    package struct SpecialTexts: Sendable, Equatable {
        package var begin: String?
        package var end: String?

        package init(begin: String? = nil, end: String? = nil) {
            self.begin = begin
            self.end = end
        }
    }

    package static let sourceLimit = 1 << 20

    /// As it was written.
    package let source: String
    private let body: [Statement]
    private let special: SpecialTexts

    /// Compiles, and renders a small conversation once, so that a broken template shows at load and not at the first
    /// request. A template may refuse that conversation by `raise_exception` or by wanting values of its own.
    package init(_ source: String, special: SpecialTexts) throws(TemplateError) {
        guard source.utf8.count <= Self.sourceLimit else {
            throw .limit(line: 1, name: "bytes of source", limit: Self.sourceLimit)
        }
        self.source = source
        var lexer = TemplateLexer(Array(source.utf8))
        var parser = TemplateParser(try lexer.tokenize())
        body = try parser.parse()
        self.special = special
        try probe()
    }

    /// Names that the caller's own values may not take.
    package static let reservedNames: Set<String> = [
        "messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token",
    ]

    /// The prompt for a conversation.
    /// - Parameters:
    ///   - messages: OpenAI's message objects; see `JSONValue.withParsedToolArguments`.
    ///   - tools: OpenAI's tool objects; nil or empty is Python's None.
    ///   - values: what else the template may read, such as `date_string`. Reserved names are passed over.
    package func render(
        messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = true,
        values: [(name: String, value: JSONValue)] = [], clock: TemplateClock = .system
    ) throws(TemplateError) -> MarkedText {
        var names: [(name: String, value: TemplateValue)] = []
        for (name, value) in values where !Self.reservedNames.contains(name) {
            names.append((name, TemplateValue(value)))
        }
        names.append(("messages", TemplateValue(.array(messages))))
        names.append(("tools", tools.flatMap { $0.isEmpty ? nil : TemplateValue(.array($0)) } ?? .none))
        names.append(("documents", .none))
        names.append(("add_generation_prompt", .bool(addGenerationPrompt)))
        if let begin = special.begin { names.append(("bos_token", .text(begin))) }
        if let end = special.end { names.append(("eos_token", .text(end))) }
        return try Renderer(values: names, clock: clock).render(body)
    }

    private func probe() throws(TemplateError) {
        let messages: [JSONValue] = [
            ["role": "system", "content": "System."], ["role": "user", "content": "User."],
        ]
        do throws(TemplateError) {
            _ = try render(messages: messages)
        } catch {
            // Only the wrong template runs out of a budget on two words.
            if case .limit = error { throw error }
        }
    }
}

extension ChatTemplate {
    /// Llama 3's own format, for models that bring no template. Honours `add_generation_prompt`.
    package static let llama3Source = #"""
        {{- bos_token }}
        {%- for message in messages %}
            {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}
            {{- message['content'] | trim + '<|eot_id|>' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
        {%- endif %}
        """#

    package static func llama3() throws(TemplateError) -> ChatTemplate {
        try ChatTemplate(llama3Source, special: SpecialTexts(begin: "<|begin_of_text|>", end: "<|eot_id|>"))
    }
}

extension JSONValue {
    /// A message whose tool calls carry their arguments as objects: OpenAI's clients send them as JSON text, and
    /// templates that call `tojson` on that would quote it twice. Text that is no JSON object stays as it is.
    package var withParsedToolArguments: JSONValue {
        guard var message = object, let calls = message["tool_calls"]?.array else { return self }
        message["tool_calls"] = .array(
            calls.map { call in
                guard var call = call.object, var function = call["function"]?.object,
                    let text = function["arguments"]?.string,
                    let arguments = try? JSONValue(parsing: Array(text.utf8), limits: JSONLimits(depth: 64)),
                    arguments.object != nil
                else { return call }
                function["arguments"] = arguments
                call["function"] = .object(function)
                return .object(call)
            })
        return .object(message)
    }
}
