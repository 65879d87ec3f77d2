package import JSON

/// Llama 3's calls of given tools, `{"name": "…", "parameters": {…}}`, with arguments that fit the tool's schema.
package struct ToolCallGrammar {
    package struct Tool: Sendable {
        package let name: String
        /// The schema of its arguments; without one any object is allowed.
        package let parameters: JSONValue?
        /// A schema that cannot be enforced is refused; else any object is allowed in its place.
        package let isStrict: Bool

        package init(name: String, parameters: JSONValue?, isStrict: Bool) {
            self.name = name
            self.parameters = parameters
            self.isStrict = isStrict
        }
    }

    /// What an answer may be besides a call.
    package enum Alternative: Sendable {
        case nothing
        /// Any text that does not begin like a call: once it does, it must be one.
        case text
        case grammar(Grammar)
    }

    /// Most calls in one answer.
    private static let callLimit = 128

    private var rules: [Expression] = []
    private let space: Expression

    private init() {
        rules.append(JSONText.space)
        space = .rule(0)
    }

    package static func grammar(
        of tools: [Tool], allowsSeveral: Bool, else alternative: Alternative
    ) throws(GrammarError) -> Grammar {
        var builder = ToolCallGrammar()
        var choices = [try builder.calls(of: tools, allowsSeveral: allowsSeveral)]
        switch alternative {
        case .nothing: break
        case .text: choices.append(builder.otherText())
        case .grammar(let grammar): choices.append(builder.embed(grammar))
        }
        builder.rules.append(.choice(choices))
        return Grammar(rules: builder.rules, root: builder.rules.count - 1)
    }

    // MARK: Calls

    private mutating func calls(of tools: [Tool], allowsSeveral: Bool) throws(GrammarError) -> Expression {
        var choices: [Expression] = []
        for tool in tools { choices.append(try call(of: tool)) }
        guard allowsSeveral else { return .choice(choices) }
        rules.append(.choice(choices))
        let separator = Expression.sequence([.byte(ByteSet(";,\n".utf8)), space])
        let call = Expression.rule(rules.count - 1)
        return .elements([], rest: call, min: 1, max: Self.callLimit, separator: separator)
    }

    private mutating func call(of tool: Tool) throws(GrammarError) -> Expression {
        let (colon, comma) = (Expression.sequence([.text(":"), space]), Expression.sequence([.text(","), space]))
        return .sequence([
            .text("{"), space, .optional(.sequence([.text("\"type\""), colon, .text("\"function\""), comma])),
            .text("\"name\""), colon, JSONText.string(tool.name), comma, .text("\"parameters\""), colon,
            try arguments(of: tool), space, .text("}"),
        ])
    }

    private mutating func arguments(of tool: Tool) throws(GrammarError) -> Expression {
        let anything: JSONValue = ["type": "object"]
        var schema = tool.parameters?.object ?? ["type": "object"]
        // Arguments are an object, whether the schema says so or not.
        if schema["type"] == nil { schema["type"] = "object" }
        do throws(GrammarError) {
            return try SchemaCompiler.expression(of: .object(schema), addingTo: &rules)
        } catch  where !tool.isStrict {
            return try SchemaCompiler.expression(of: anything, addingTo: &rules)
        }
    }

    // MARK: What is no call

    /// The rules of a grammar behind those that are here.
    private mutating func embed(_ grammar: Grammar) -> Expression {
        let offset = rules.count
        rules += grammar.rules.map { $0.shifted(by: offset) }
        return .rule(offset + grammar.root)
    }

    /// How calls begin; white space may stand before each part but the last, the quote that opens the name.
    private static let openings = [
        ["{", "\"name\"", ":", "\""], ["{", "\"type\"", ":", "\"function\"", ",", "\"name\"", ":", "\""],
    ]

    private struct Node {
        var children: [UInt8: Int] = [:]
        var skipsSpace = false
        var isCall = false
    }

    /// Texts that begin like no call. A rule for each beginning of an opening: the text ends there, or goes on in the
    /// opening, or with another letter and then anything.
    private mutating func otherText() -> Expression {
        let nodes = Self.tree()
        rules.append(.many(.byte(.all)))
        let (anything, first) = (Expression.rule(rules.count - 1), rules.count)
        for node in nodes {
            var choices = [Expression.empty]
            var others = ByteSet.all
            for (byte, child) in node.children.sorted(by: { $0.key < $1.key }) {
                others.remove(byte)
                guard !nodes[child].isCall else { continue }
                choices.append(.sequence([.literal([byte]), .rule(first + child)]))
            }
            if node.skipsSpace {
                for byte in " \t\r\n".utf8 {
                    others.remove(byte)
                    choices.append(.sequence([.literal([byte]), .rule(rules.count)]))
                }
            }
            choices.append(.sequence([.byte(others), anything]))
            rules.append(.choice(choices))
        }
        return .rule(first)
    }

    private static func tree() -> [Node] {
        var nodes = [Node()]
        for opening in openings {
            var node = 0
            for part in opening {
                nodes[node].skipsSpace = true
                for byte in part.utf8 {
                    let child = nodes[node].children[byte] ?? nodes.count
                    if child == nodes.count {
                        nodes[node].children[byte] = child
                        nodes.append(Node())
                    }
                    node = child
                }
            }
            nodes[node].isCall = true
        }
        return nodes
    }
}

extension Expression {
    /// The same with other numbers for the rules.
    fileprivate func shifted(by offset: Int) -> Expression {
        switch self {
        case .literal, .byte, .multiple: self
        case .sequence(let parts): .sequence(parts.map { $0.shifted(by: offset) })
        case .choice(let choices): .choice(choices.map { $0.shifted(by: offset) })
        case .repetition(let part, let min, let max): .repetition(part.shifted(by: offset), min: min, max: max)
        case .members(let members, let min, let max, let separator):
            .members(
                members.map { Member($0.expression.shifted(by: offset), $0.occurrence) }, min: min, max: max,
                separator: separator.shifted(by: offset))
        case .elements(let elements, let rest, let min, let max, let separator):
            .elements(
                elements.map { $0.shifted(by: offset) }, rest: rest?.shifted(by: offset), min: min, max: max,
                separator: separator.shifted(by: offset))
        // Both sides know no rules.
        case .intersection, .difference: self
        case .rule(let rule): .rule(rule + offset)
        }
    }
}
