import Curation
import Testing

struct RuleTests {
    /// What the rules of a recipe say about a text, by name.
    private func objections(_ rules: String, _ text: String, isFinished: Bool = true) throws -> [String] {
        let recipe = try Recipe(text: "prompts: { template: x }\nrules: \(rules)", path: "/r.yaml", rubrics: [])
        return recipe.rules.objections(to: AnswerText(text, isFinished: isFinished)).map { "\($0.rule): \($0.reason)" }
    }

    @Test func `length counts words and characters, and wants an end`() throws {
        let rules = "{ length: { min-words: 2, max-words: 4, max-characters: 20 } }"
        #expect(try objections(rules, "One two three.").isEmpty)
        #expect(try objections(rules, "One.") == ["length: 1 words, at least 2"])
        #expect(try objections(rules, "a b c d e") == ["length: 5 words, at most 4"])
        #expect(try objections(rules, "abcdefghijkl mnopqrstuvw") == ["length: 24 characters, at most 20"])
        #expect(try objections(rules, "One two", isFinished: false) == ["length: cut off at max-tokens"])
    }

    @Test(arguments: [
        ("en", "The cat sat on the mat and it was happy with that.", true),
        ("en", "Die Katze sitzt auf der Matte und ist mit sich zufrieden.", false),
        ("en", "Кошка сидит на коврике.", false), ("en", "47 + 35 = 82", true), ("en", "Paris.", true),
        ("de", "Die Katze sitzt auf der Matte und ist mit sich zufrieden.", true),
        ("de", "The cat sat on the mat and it was happy with that.", false),
        ("fr", "Le chat est sur le tapis et il est content avec sa vie.", true),
        ("es", "Le chat est sur le tapis et il est content avec sa vie.", false),
        ("it", "Il gatto è sul tappeto e non si muove per tutta la giornata.", true),
        ("ru", "Кошка сидит на коврике.", true), ("hi", "बिल्ली चटाई पर बैठी है।", true), ("hi", "The cat.", false),
        ("th", "แมวนั่งบนเสื่อ", true), ("zh", "猫坐在垫子上。", true), ("ja", "猫はマットの上に座っています。", true),
        ("ja", "猫坐在垫子上,它很高兴,因为今天的天气非常好,我们也很高兴。", false), ("ko", "고양이가 매트 위에 앉아 있다.", true),
    ])
    func `language goes by script and stop words`(_ language: String, _ text: String, _ fits: Bool) throws {
        #expect(try objections("{ language: { is: \(language) } }", text).isEmpty == fits)
    }

    @Test func `repetition counts the words of repeated n-grams`() throws {
        let rules = "{ repetition: { words: 3, max-share: 0.3 } }"
        #expect(try objections(rules, "a b c d e f g h i j").isEmpty)
        #expect(try objections(rules, "so it goes so it goes so it goes").count == 1)
        // Six of twelve words stand in a 3-gram that was there before.
        #expect(
            try objections(rules, "a b c d e f a b c d e f")
                == ["repetition: 50 % of the words repeat 3 words, at most 30 %"])
        #expect(try objections(rules, "a b").isEmpty)
    }

    @Test func `refusals are known by how they begin`() throws {
        #expect(try objections("{ refusals: {} }", "I’m sorry, but I can’t help with that.").count == 1)
        #expect(try objections("{ refusals: {} }", "As an AI language model, I have no feelings.").count == 1)
        #expect(try objections("{ refusals: {} }", "The answer is 4.").isEmpty)
        #expect(try objections("{ refusals: { phrases: [No way] } }", "no way, friend").count == 1)
    }

    @Test func `tone counts emoji and shouting`() throws {
        #expect(try objections("{ tone: {} }", "Well done 🎉").count == 1)
        #expect(try objections("{ tone: {} }", "Hearts ❤️ too").count == 1)
        #expect(try objections("{ tone: { max-emoji: 1 } }", "Well done 🎉").isEmpty)
        #expect(try objections("{ tone: {} }", "7 # 3 © are no emoji!").isEmpty)
        #expect(try objections("{ tone: {} }", "Great! Wow! Yes.") == ["tone: 2 of 3 sentences shout, at most 50 %"])
    }

    @Test func `phrases may stand so often`() throws {
        let rules = "{ phrases: { texts: [delve], max-each: 1 } }"
        #expect(try objections(rules, "Let us delve into it.").isEmpty)
        #expect(try objections(rules, "Delve, and delve again.") == ["phrases: 'delve' 2 times, at most 1"])
    }

    @Test func `each rule is counted, and the first one drops`() throws {
        let recipe = try Recipe(
            text: "prompts: { template: x }\nrules: { length: { max-words: 2 }, tone: {} }", path: "/r", rubrics: [])
        var dataset = Dataset(
            prompts: [Prompt(text: "x")], samples: [["one", "a b c 🎉", "b 🎉"].map { Sample(text: $0) }])
        dataset.apply(recipe.rules)
        #expect(dataset.kept == [0] && dataset.objections == ["length": 1, "tone": 2])
        #expect(
            dataset.entries[1].fate == .dropped(.rules, by: "length", reason: "3 words, at most 2"))
    }
}
