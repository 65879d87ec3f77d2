/// One way to score the candidates, and what a candidate needs to be kept.
package struct BestOfScorer: Sendable {
    package enum Kind: Sendable {
        /// The mean probability of a token, as the geometric mean.
        case logprob
        /// The share of candidates that give the same answer.
        case majority(AnswerExtraction)
        /// How good a model holds it to be; by the operator's name of another one, nil for this one.
        case judge(JudgeRubric, judge: String?)
        /// What the operator's verifier of that name says; who does not pass is dropped.
        case verifier(String)
    }

    package let kind: Kind
    /// Nil where the order of the scorers decides.
    package let weight: Double?
    /// A lower score drops a candidate.
    package let least: Double?

    package var isVerifier: Bool {
        if case .verifier = kind { true } else { false }
    }

    /// The word of requests and answers.
    package var type: String {
        switch kind {
        case .logprob: "logprob"
        case .majority: "majority"
        case .judge: "judge"
        case .verifier: "verifier"
        }
    }

    /// For people: `verifier 'sum'`.
    package var title: String {
        switch kind {
        case .logprob, .majority: type
        case .judge(let rubric, _): "judge '\(rubric.name)'"
        case .verifier(let name): "verifier '\(name)'"
        }
    }

    /// The field `scorers`; without it one of type `logprob`.
    static func list(_ reader: inout FieldReader) throws(APIError) -> [BestOfScorer] {
        guard let values = try reader.array("scorers") else {
            return [BestOfScorer(kind: .logprob, weight: nil, least: nil)]
        }
        guard (1...BestOfRequest.scorersLimit).contains(values.count) else {
            throw .invalid(
                "scorers", "'scorers' must have 1 to \(BestOfRequest.scorersLimit) entries, got \(values.count).")
        }
        var scorers: [BestOfScorer] = []
        for (index, value) in values.enumerated() {
            var entry = try FieldReader(value, path: "scorers[\(index)]")
            scorers.append(try BestOfScorer(&entry))
            try entry.finish()
        }
        return scorers
    }

    private init(kind: Kind, weight: Double?, least: Double?) {
        self.kind = kind
        self.weight = weight
        self.least = least
    }

    private init(_ reader: inout FieldReader) throws(APIError) {
        weight = try reader.number("weight", in: 0...1_000)
        least = try reader.number("min", in: 0...1)
        switch try reader.string("type") {
        case "logprob": kind = .logprob
        case "majority": kind = .majority(try AnswerExtraction(&reader))
        case "judge": kind = .judge(try JudgeRubric(&reader), judge: try reader.string("judge"))
        case "verifier":
            guard let name = try reader.string("name") else {
                throw .invalid(
                    reader.name("name"), "'\(reader.name("name"))' is required: a verifier of the operator's.")
            }
            kind = .verifier(name)
        case let type:
            throw .invalid(
                reader.name("type"),
                """
                '\(reader.name("type"))' must be logprob, majority, judge or verifier, got \
                '\((type ?? "null").prefix(40))'.
                """)
        }
    }
}

/// Where in a text its answer stands.
package enum AnswerExtraction: Sendable, Equatable {
    case lastNumber
    /// LaTeX's `\boxed{…}`, the last one.
    case boxed
    /// The group of a regular expression, in its last match.
    case regex(String)

    package static let regexBytesLimit = 512

    init(_ reader: inout FieldReader) throws(APIError) {
        switch try reader.string("extract") ?? "last_number" {
        case "last_number": self = .lastNumber
        case "boxed": self = .boxed
        case "regex":
            let name = reader.name("regex")
            guard let regex = try reader.string("regex") else { throw .invalid(name, "'\(name)' is required.") }
            guard (1...Self.regexBytesLimit).contains(regex.utf8.count) else {
                throw .invalid(name, "'\(name)' must have 1 to \(Self.regexBytesLimit) bytes, got \(regex.utf8.count).")
            }
            self = .regex(regex)
        case let word:
            throw .invalid(
                reader.name("extract"),
                "'\(reader.name("extract"))' must be last_number, boxed or regex, got '\(word.prefix(40))'.")
        }
    }
}
