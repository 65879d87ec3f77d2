import JSON

extension SchemaCompiler {
    /// Sets of elements that may have been written where no two may be the same, each with a rule.
    private static let setLimit = 512

    mutating func array(_ schema: Schema) throws(GrammarError) -> Expression {
        let (min, max) = try schema.counts("minItems", "maxItems")
        let (prefix, items) = (try schema.prefixItems(), try schema.items() ?? true)
        if try schema.flag("uniqueItems"), max ?? 2 > 1 {
            return try distinctArray(schema, prefix.map(\.0), items, min, max)
        }
        var elements: [Expression] = []
        for (value, pointer) in prefix { elements.append(try expression(of: value, at: pointer)) }
        let rest = items == false ? nil : try expression(of: items, at: schema.pointer + "/items")
        return array(elements, rest: rest.map { rule($0) }, min: min, max: max)
    }

    /// An array in which no two elements are the same, where each has a few values to choose from: a rule for each set
    /// of values that have been written.
    private mutating func distinctArray(
        _ schema: Schema, _ prefix: [JSONValue], _ items: JSONValue, _ min: Int, _ max: Int?
    ) throws(GrammarError) -> Expression {
        var values: [JSONValue] = []
        var places: [Set<Int>] = []
        for element in prefix + [items] {
            guard let choices = try finiteValues(element, at: schema.pointer) else {
                throw schema.unsupported("uniqueItems")
            }
            for value in choices where !values.contains(value) { values.append(value) }
            places.append(Set(choices.compactMap { values.firstIndex(of: $0) }))
        }
        let texts = values.map { rule(JSONText.document($0, space: rule(.space))) }
        var numbers: [Set<Int>: Int] = [:]
        /// What may follow when these have been written.
        func rest(_ written: Set<Int>, _ compiler: inout SchemaCompiler) throws(GrammarError) -> Expression {
            if let number = numbers[written] { return .rule(number) }
            guard numbers.count < Self.setLimit else { throw .tooComplex("'uniqueItems' of too many values") }
            guard case .rule(let number) = compiler.rule(.never) else { return .never }
            numbers[written] = number
            var choices: [Expression] = written.count >= min ? [.empty] : []
            if written.count < max ?? .max {
                for value in places[Swift.min(written.count, prefix.count)].subtracting(written).sorted() {
                    let separator = written.isEmpty ? Expression.empty : compiler.separator()
                    choices.append(.sequence([separator, texts[value], try rest(written.union([value]), &compiler)]))
                }
            }
            compiler.define(number, .choice(choices))
            return .rule(number)
        }
        let elements = try rest([], &self)
        return .sequence([.text("["), rule(.space), elements, rule(.space), .text("]")])
    }

    /// All values that a schema allows, if they are listed.
    private mutating func finiteValues(_ schema: JSONValue, at pointer: String) throws(GrammarError) -> [JSONValue]? {
        guard let object = schema.object else { return schema == false ? [] : nil }
        let schema = try resolved(try Schema(object, at: pointer))
        guard try schema.combination() == nil else { return nil }
        if let values = try allowedValues(schema) { return values }
        var values: [JSONValue] = []
        for type in try schema.types() {
            switch type {
            case .null: values.append(.null)
            case .boolean: values += [true, false]
            default: return nil
            }
        }
        return values
    }
}
