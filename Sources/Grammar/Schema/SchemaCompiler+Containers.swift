import JSON

extension SchemaCompiler {
    mutating func object(_ schema: Schema) throws(GrammarError) -> Expression {
        let properties = try schema.schemas("properties") ?? [:]
        let required = try schema.strings("required")
        let extra = try extraMember(schema, properties)
        var members: [Expression.Member] = []
        for property in properties.members {
            let isRequired = required.contains { $0.utf8.elementsEqual(property.name.utf8) }
            if property.value == false, !isRequired { continue }
            let value = try expression(of: property.value, at: "\(schema.pointer)/properties/\(property.name)")
            members.append(.init(member(JSONText.string(property.name), value), isRequired ? .once : .optional))
        }
        for name in required where properties[name] == nil {
            let isClosed = schema.object["additionalProperties"] == false
            let value = isClosed ? Expression.never : try extraValue(schema)
            members.append(.init(member(JSONText.string(name), value), .once))
        }
        return try counted(members, extra, schema)
    }

    /// What the value of a member must be that no keyword names.
    private mutating func extraValue(_ schema: Schema) throws(GrammarError) -> Expression {
        let value = try schema.schema("additionalProperties") ?? true
        return try expression(of: value, at: schema.pointer + "/additionalProperties")
    }

    /// Members that are not named, if there may be any.
    private mutating func extraMember(
        _ schema: Schema, _ properties: JSONObject
    ) throws(GrammarError) -> Expression? {
        let additional = try schema.schema("additionalProperties")
        if let patterns = try schema.schemas("patternProperties"), !patterns.isEmpty {
            // Beside names or other members, one that fits a pattern too would have to be told apart.
            guard properties.isEmpty, additional == nil || additional == false else {
                throw schema.unsupported("patternProperties")
            }
            var choices: [Expression] = []
            for pattern in patterns.members {
                let pointer = "\(schema.pointer)/patternProperties/\(pattern.name)"
                let name = try self.pattern(pattern.name, at: pointer)
                choices.append(member(JSONText.quoted(name), try expression(of: pattern.value, at: pointer)))
            }
            return .choice(choices)
        }
        guard additional ?? .bool(schema.object["properties"] == nil) != false else { return nil }
        let value = try extraValue(schema)
        let names = properties.members.map(\.name) + (try schema.strings("required"))
        guard !names.isEmpty else { return member(rule(.string), value) }
        return rule(member(JSONText.quoted(try OtherNames.expression(than: names)), value))
    }

    private mutating func counted(
        _ members: [Expression.Member], _ extra: Expression?, _ schema: Schema
    ) throws(GrammarError) -> Expression {
        let (min, max) = try schema.counts("minProperties", "maxProperties")
        if let extra, members.isEmpty { return array(of: extra, min, max) }
        let least = members.count { $0.occurrence == .once }
        guard min <= least else { throw schema.unsupported("minProperties") }
        if let max, extra != nil || max < members.count { throw schema.unsupported("maxProperties") }
        return object(members + (extra.map { [.init($0, .anyNumber)] } ?? []))
    }

    private mutating func array(of member: Expression, _ min: Int, _ max: Int?) -> Expression {
        let inner = Expression.elements([], rest: member, min: min, max: max, separator: separator())
        return .sequence([.text("{"), rule(.space), inner, rule(.space), .text("}")])
    }

    mutating func array(_ schema: Schema) throws(GrammarError) -> Expression {
        let (min, max) = try schema.counts("minItems", "maxItems")
        var elements: [Expression] = []
        for (value, pointer) in try schema.prefixItems() { elements.append(try expression(of: value, at: pointer)) }
        let items = try schema.items() ?? true
        let rest = items == false ? nil : try expression(of: items, at: schema.pointer + "/items")
        return array(elements, rest: rest.map { rule($0) }, min: min, max: max)
    }
}

/// Strings, inside their quotes, that are none of some names.
private enum OtherNames {
    private static let lengthLimit = 100

    private struct Node {
        var children: [Unicode.Scalar: Int] = [:]
        var isName = false
    }

    static func expression(than names: [String]) throws(GrammarError) -> Expression {
        var nodes = [Node()]
        for name in names {
            guard name.unicodeScalars.count <= lengthLimit else {
                throw .tooComplex("a name of more than \(lengthLimit) letters beside additionalProperties")
            }
            var node = 0
            for scalar in name.unicodeScalars {
                if let child = nodes[node].children[scalar] {
                    node = child
                } else {
                    nodes.append(Node())
                    nodes[node].children[scalar] = nodes.count - 1
                    node = nodes.count - 1
                }
            }
            nodes[node].isName = true
        }
        return rest(0, nodes)
    }

    private static func rest(_ number: Int, _ nodes: [Node]) -> Expression {
        let (node, encoding) = (nodes[number], TextEncoding.jsonString)
        var choices = node.isName ? [] : [Expression.empty]
        for (scalar, child) in node.children.sorted(by: { $0.key < $1.key }) {
            choices.append(.sequence([encoding.expression(ScalarSet(scalar)), rest(child, nodes)]))
        }
        let taken = ScalarSet(node.children.keys.map { $0.value...$0.value })
        choices.append(.sequence([encoding.expression(taken.inverted), .many(encoding.expression(.all))]))
        return .choice(choices)
    }
}
