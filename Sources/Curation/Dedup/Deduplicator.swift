/// What a recipe wants to have once.
package struct DedupSettings: Sendable, Codable {
    package enum Scope: String, Sendable, Codable, CaseIterable {
        /// Two prompts with the same answer are no duplicates.
        case conversation
        case answer
    }

    package struct Near: Sendable, Codable {
        package let threshold: Double
        package let words: Int

        package init(threshold: Double, words: Int) {
            self.threshold = threshold
            self.words = words
        }
    }

    package struct Semantic: Sendable, Codable {
        package let threshold: Double
        package let model: String
    }

    package let scope: Scope
    package let exact: Bool
    package let lines: LineCounts?
    package let near: Near?
    package let semantic: Semantic?
}

/// A text that is too much like one that was kept.
package struct Duplicate: Sendable, Equatable {
    package enum Kind: String, Sendable { case exact, near, semantic }

    package let kind: Kind
    /// The position of the kept text.
    package let original: Int

    package init(kind: Kind, original: Int) {
        self.kind = kind
        self.original = original
    }
}

/// Asks the ways to find duplicates in turn; each sees what the ones before it have left.
package struct Deduplicator: Sendable {
    package private(set) var duplicates: [Duplicate?]
    private let texts: [String]

    /// - Parameter texts: the better ones first.
    package init(_ texts: [String]) {
        self.texts = texts
        duplicates = Array(repeating: nil, count: texts.count)
    }

    /// The positions of texts that are kept so far.
    package var kept: [Int] { duplicates.indices.filter { duplicates[$0] == nil } }

    /// The same but for white space.
    package mutating func dropExact() {
        var first: [String: Int] = [:]
        for position in kept {
            let text = texts[position].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if let original = first[text] {
                duplicates[position] = Duplicate(kind: .exact, original: original)
            } else {
                first[text] = position
            }
        }
    }

    package mutating func dropNear(_ settings: DedupSettings.Near) {
        let search = NearDuplicates(threshold: settings.threshold, words: settings.words)
        let positions = kept
        drop(.near, search.originals(of: positions.map { texts[$0] }), positions)
    }

    /// - Parameter vectors: the embedding of each kept text, in their order.
    package mutating func dropSemantic(_ vectors: [[Float]], threshold: Double) {
        drop(.semantic, SemanticDuplicates.originals(of: vectors, threshold: threshold), kept)
    }

    private mutating func drop(_ kind: Duplicate.Kind, _ originals: [Int?], _ positions: [Int]) {
        for (position, original) in zip(positions, originals) {
            duplicates[position] = original.map { Duplicate(kind: kind, original: positions[$0]) }
        }
    }
}

extension DedupSettings {
    init(_ reader: inout RecipeReader, models: [ModelSettings]) throws(RecipeError) {
        scope = try reader.choice("scope", of: Scope.self) ?? .conversation
        exact = try reader.flag("exact") ?? true
        var lines: LineCounts?
        if var section = try reader.section("lines") {
            lines = LineCounts(
                maxCount: try section.integer("max-count", in: 1...1_000_000_000) ?? 6,
                bucket: try section.integer("bucket", in: 1...1_000_000_000) ?? 30_000_000)
            try section.finish()
        }
        self.lines = lines
        var near: Near?
        if var section = try reader.section("near") {
            near = Near(
                threshold: try section.number("threshold", in: 0.3...1) ?? 0.8,
                words: try section.integer("words", in: 1...20) ?? 5)
            try section.finish()
        }
        self.near = near
        var semantic: Semantic?
        if var section = try reader.section("semantic") {
            semantic = Semantic(
                threshold: try section.number("threshold", in: 0...1) ?? 0.95,
                model: try section.model(among: models))
            try section.finish()
        }
        self.semantic = semantic
        try reader.finish()
    }
}
