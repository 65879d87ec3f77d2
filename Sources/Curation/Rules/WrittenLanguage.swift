/// A language by what texts in it look like: its scripts, and for those that share one its commonest words.
enum WrittenLanguage: String, CaseIterable, Sendable {
    case en, de, fr, es, it, pt, nl, hi, th, ru, uk, el, he, ar, zh, ja, ko

    var scripts: Set<Script> {
        switch self {
        case .en, .de, .fr, .es, .it, .pt, .nl: [.latin]
        case .hi: [.devanagari]
        case .th: [.thai]
        case .ru, .uk: [.cyrillic]
        case .el: [.greek]
        case .he: [.hebrew]
        case .ar: [.arabic]
        case .zh: [.han]
        case .ja: [.kana, .han]
        case .ko: [.hangul]
        }
    }

    /// Empty where the script says enough.
    var stopWords: Set<String> { Self.words[self] ?? [] }

    private static let words: [WrittenLanguage: Set<String>] = [
        .en: list(
            "the of and to in is that it for was on are as with his they be at this have from or had by not but what"),
        .de: list(
            "der die das und ist in den von zu mit sich des auf für nicht ein eine als auch es an werden aus er hat"),
        .fr: list(
            "le la les de des et est un une du en que qui dans pour pas sur au plus par il elle ce avec sont nous"),
        .es: list("el la los las de y que en un una es por con para no se del al lo como más pero sus le ya o este"),
        .it: list("il lo la gli le di e che un una è per non in con si da del della sono nel anche come più ma al dei"),
        .pt: list("o a os as de e que um uma é para não em com do da por se no na dos mais como mas ao foi são"),
        .nl: list("de het een en van is dat in op te zijn voor met niet aan er om ook als dan maar bij nog uit door"),
        .ru: list("и в не на я что тот быть с а весь это как она по но они к у ты из мы за вы так же от"),
        .uk: list("і в не на я що той бути з а весь це як вона по але вони до у ти із ми за ви так же від та"),
    ]

    private static func list(_ words: String) -> Set<String> { Set(words.split(separator: " ").map(String.init)) }

    /// The language of the same script that has most of the words among its stop words; nil when none has any.
    static func likeliest(of words: [String], among languages: [WrittenLanguage]) -> WrittenLanguage? {
        let counts = languages.map { language in (language, words.count { language.stopWords.contains($0) }) }
        return counts.max { $0.1 < $1.1 }.flatMap { $0.1 > 0 ? $0.0 : nil }
    }
}

/// Answers in another language than the one wanted, by Unicode script and stop words.
struct LanguageRule: Rule {
    let language: WrittenLanguage
    /// Of the letters that must be in a script of the language.
    let minScriptShare: Double
    /// Of the words that must be stop words of the language. Looked at from `wordsNeeded` words on.
    let minStopWords: Double

    var name: String { "language" }

    /// Shorter texts need not have a stop word: "Paris.", "47 + 35 = 82".
    private static let wordsNeeded = 8

    func objection(to answer: AnswerText) -> String? {
        let letters = answer.text.unicodeScalars.filter(\.properties.isAlphabetic)
        guard !letters.isEmpty else { return nil }
        let own = letters.count { Script($0).map(language.scripts.contains) ?? false }
        let share = Double(own) / Double(letters.count)
        guard share >= minScriptShare else {
            return "\(Percent.text(share)) of the letters are of \(language.rawValue)'s script, "
                + "at least \(Percent.text(minScriptShare))"
        }
        // Japanese without kana is Chinese.
        if language == .ja, !letters.contains(where: { Script($0) == .kana }), letters.count >= 20 {
            return "no kana in a Japanese text"
        }
        return wordObjection(answer.words)
    }

    private func wordObjection(_ words: [String]) -> String? {
        guard words.count >= Self.wordsNeeded, !language.stopWords.isEmpty else { return nil }
        let share = Double(words.count { language.stopWords.contains($0) }) / Double(words.count)
        guard share >= minStopWords else {
            return "\(Percent.text(share)) stop words of \(language.rawValue), at least \(Percent.text(minStopWords))"
        }
        let rivals = WrittenLanguage.allCases.filter { $0.scripts == language.scripts }
        let likeliest = WrittenLanguage.likeliest(of: words, among: [language] + rivals)
        guard let likeliest, likeliest != language else { return nil }
        let count = words.count { likeliest.stopWords.contains($0) }
        // Languages share words ("in", "de"): a tie or nearly one decides nothing.
        guard Double(count) > 1.2 * share * Double(words.count) else { return nil }
        return "reads as \(likeliest.rawValue), not \(language.rawValue)"
    }
}

extension LanguageRule {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        guard let language = try reader.choice("is", of: WrittenLanguage.self) else {
            throw reader.error("is", "is required: the language that answers must be in")
        }
        self.language = language
        minScriptShare = try reader.number("min-script-share", in: 0...1) ?? 0.9
        minStopWords = try reader.number("min-stop-words", in: 0...1) ?? 0.05
        try reader.finish()
    }
}
