/// Texts that say the same again: the share of words that stand in an n-gram which was there before.
///
/// The duplicated n-gram coverage of Rae et al. (Gopher), which the Llama 3 paper uses too (section 3.1.1).
struct RepetitionRule: Rule {
    /// Words of an n-gram.
    let words: Int
    let maxShare: Double

    var name: String { "repetition" }

    func objection(to answer: AnswerText) -> String? {
        let share = Self.repeatedShare(of: answer.words, length: words)
        guard share > maxShare else { return nil }
        return "\(Percent.text(share)) of the words repeat \(words) words, at most \(Percent.text(maxShare))"
    }

    static func repeatedShare(of words: [String], length: Int) -> Double {
        guard words.count > length else { return 0 }
        var seen: Set<ArraySlice<String>> = []
        var covered = 0
        var coveredTo = 0
        for start in 0...(words.count - length) {
            let end = start + length
            guard !seen.insert(words[start..<end]).inserted else { continue }
            covered += end - max(start, coveredTo)
            coveredTo = end
        }
        return Double(covered) / Double(words.count)
    }
}

extension RepetitionRule {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        words = try reader.integer("words", in: 1...20) ?? 3
        maxShare = try reader.number("max-share", in: 0...1) ?? 0.3
        try reader.finish()
    }
}

/// A share for people.
enum Percent {
    /// With one digit behind the point, which goes when it is 0.
    package static func text(_ share: Double) -> String {
        let tenths = (share * 1_000).rounded()
        guard tenths.isFinite, abs(tenths) < 1e9 else { return "–" }
        let (whole, rest) = Int(tenths).quotientAndRemainder(dividingBy: 10)
        return rest == 0 ? "\(whole) %" : "\(whole).\(abs(rest)) %"
    }
}
