/// All prompts with all their answers, and what became of each.
package struct Dataset: Sendable {
    package let prompts: [Prompt]
    /// By prompt, then by number.
    package private(set) var entries: [Entry]
    /// Kept answers with those that were too much like them, by their positions.
    package private(set) var clusters: [Int: [Int]] = [:]
    /// How often each rule had something to say, also where another one had dropped the answer before.
    package private(set) var objections: [String: Int] = [:]

    package init(prompts: [Prompt], samples: [[Sample]]) {
        self.prompts = prompts
        entries = samples.enumerated().flatMap { prompt, samples in
            samples.enumerated().map { Entry(prompt: prompt, number: $0, sample: $1) }
        }
    }

    /// The positions of the answers that are still there.
    package var kept: [Int] { entries.indices.filter { entries[$0].fate == .kept } }

    /// How many were still there behind a stage.
    package func count(behind stage: Stage) -> Int {
        let passed = Stage.allCases.prefix { $0 != stage } + [stage]
        return entries.count { entry in !passed.contains { $0 == entry.fate.stage } }
    }

    package mutating func drop(_ position: Int, at stage: Stage, by name: String, because reason: String) {
        entries[position].fate = .dropped(stage, by: name, reason: reason)
    }

    package mutating func setScore(_ score: Double, of name: String, at position: Int) {
        entries[position].scores[name] = score
    }

    // MARK: Stages that need no model

    /// Answers that cannot be used whatever the recipe says.
    package mutating func dropEmpty() {
        for position in kept where entries[position].text.allSatisfy(\.isWhitespace) {
            drop(position, at: .generate, by: "empty", because: "the answer is empty")
        }
    }

    package mutating func apply(_ book: RuleBook) {
        for position in kept {
            let sample = entries[position].sample
            let found = book.objections(
                to: AnswerText(sample.content, isFinished: sample.finishReason != "length"))
            for objection in found { objections[objection.rule, default: 0] += 1 }
            if let first = found.first { drop(position, at: .rules, by: first.rule, because: first.reason) }
        }
    }

    /// Removes lines that too many answers have. Not from calls of tools, which have no lines.
    package mutating func thin(_ counts: LineCounts) {
        let positions = kept.filter { entries[$0].sample.toolCalls.isEmpty }
        let texts = positions.map { entries[$0].sample.text }
        for (position, (old, new)) in zip(positions, zip(texts, counts.thinned(texts))) where old != new {
            entries[position].thinned = new
            guard new.allSatisfy(\.isWhitespace) else { continue }
            drop(position, at: .dedup, by: "lines", because: "all of its lines stand in too many answers")
        }
    }

    /// Drops what is a duplicate of a better answer.
    /// - Parameters:
    ///   - order: the answers that were compared.
    ///   - duplicates: what was found about each of them.
    package mutating func apply(_ duplicates: [Duplicate?], order: [Int]) {
        for (position, duplicate) in zip(order, duplicates) {
            guard let duplicate else { continue }
            let original = order[duplicate.original]
            let (prompt, number) = (entries[original].prompt, entries[original].number)
            drop(
                position, at: .dedup, by: duplicate.kind.rawValue,
                because: "like answer \(number + 1) of prompt \(prompt + 1)")
            clusters[original, default: []].append(position)
        }
        // A kept answer may have gone later, to a way of comparing that sees more.
        for (original, members) in clusters { clusters[original] = members.sorted() }
    }

    /// Drops all but the chosen.
    package mutating func choose(_ chosen: Set<Int>, because reason: (Int) -> String) {
        for position in kept where !chosen.contains(position) {
            drop(position, at: .select, by: "select", because: reason(position))
        }
    }

    package func comparedText(of position: Int, _ scope: DedupSettings.Scope) -> String {
        let entry = entries[position]
        return scope == .answer ? entry.text : prompts[entry.prompt].transcript + "\n" + entry.text
    }
}
