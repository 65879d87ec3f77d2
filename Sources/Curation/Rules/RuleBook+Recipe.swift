extension RuleBook {
    /// The rules that the recipe has, in a fixed order, the cheapest first.
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        var rules: [any Rule] = []
        if var section = try reader.section("length") { rules.append(try LengthRule(&section)) }
        if var section = try reader.section("language") { rules.append(try LanguageRule(&section)) }
        if var section = try reader.section("refusals") { rules.append(try RefusalRule(&section)) }
        if var section = try reader.section("tone") { rules.append(try ToneRule(&section)) }
        if var section = try reader.section("phrases") { rules.append(try PhraseRule(&section)) }
        if var section = try reader.section("repetition") { rules.append(try RepetitionRule(&section)) }
        try reader.finish()
        self.init(rules)
    }
}
