/// What a model's licence says about training on its outputs.
package struct Licence: Sendable, Equatable {
    /// As it is written into every record; nil when nobody has said.
    package let name: String?

    package init(_ name: String?) { self.name = name }

    /// What whoever uses the set must know; nil when there is nothing.
    package var warning: String? {
        guard let name else {
            return "the generator's licence is not known: say it with 'licence' in the recipe's models"
        }
        switch Self.family(of: name) {
        case .llama3:
            return """
                outputs of a model under the Meta Llama 3 licence (\(name)) may not be used to improve any other large \
                language model, derivatives of Llama 3 excepted
                """
        case .llama3AndLater:
            return """
                a model that is trained on outputs under \(name) and given to others must have a name that begins with \
                "Llama", and show "Built with Llama"
                """
        case .other: return nil
        }
    }

    /// What a model of this name is usually under; nil where the name says nothing.
    package static func guess(_ model: String) -> String? {
        let letters = model.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "." }
        guard let found = letters.firstMatch(of: /llama3(\.\d)?/) else { return nil }
        return String(found.output.0)
    }

    private enum Family { case llama3, llama3AndLater, other }

    /// Hugging Face's and GGUF's words for them: `llama3`, `llama3.1`, `Llama-3.2`, `Meta Llama 3 Community License`.
    private static func family(of name: String) -> Family {
        let letters = name.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "." }
        guard let found = letters.firstRange(of: "llama3") else { return .other }
        let rest = letters[found.upperBound...]
        guard let digit = rest.first(where: { $0 != "." }), digit.isNumber else { return .llama3 }
        return digit == "0" ? .llama3 : .llama3AndLater
    }
}
