import Engine
import Language
import Model

/// A checkpoint that shall guess what another will say: checked, planned, not loaded yet.
struct DraftModel {
    let checkpoint: Checkpoint
    let plan: MemoryPlan

    /// Tokens whose keys and values it has room for where nobody says how many: it guesses for few requests at a time.
    private static let positions = 16_384

    /// - Parameters:
    ///   - target: whom it guesses for.
    ///   - vocabulary: the target's.
    init(path: String, for target: Checkpoint, _ vocabulary: Vocabulary, _ settings: ServeSettings) throws {
        checkpoint = try Checkpoint(path: path)
        let own = try TextModel.vocabulary(of: checkpoint.text)
        let rows = (target.configuration.vocabularySize, checkpoint.configuration.vocabularySize)
        guard rows.0 == rows.1 else {
            throw DraftModelError.vocabularySize(name: checkpoint.name, target: rows.0, draft: rows.1)
        }
        if let id = vocabulary.firstDifference(from: own) {
            throw DraftModelError.token(id, name: checkpoint.name, target: vocabulary, draft: own)
        }
        plan = try MemoryPlan(checkpoint: checkpoint, settings: Self.runtime(settings))
    }

    func load(team: ThreadTeam) throws -> LlamaModel {
        try LlamaModel(checkpoint: checkpoint, plan: plan, team: team)
    }

    private static func runtime(_ settings: ServeSettings) -> RuntimeSettings {
        var runtime = settings.runtime
        runtime.cacheBytes = settings.draftKVCacheBytes?.bytes
        runtime.usefulPositions = positions
        let guesses = min(settings.maxBatchTokens, Drafter.requestLimit)
        runtime.capacity = BatchCapacity(rows: settings.maxBatchTokens, runs: guesses, logitRows: guesses)
        return runtime
    }
}

/// Why a model cannot guess for another.
enum DraftModelError: Error, CustomStringConvertible {
    case vocabularySize(name: String, target: Int, draft: Int)
    case token(Int32, name: String, target: Vocabulary, draft: Vocabulary)

    var description: String {
        switch self {
        case .vocabularySize(let name, let target, let draft):
            "The draft model \(name) must have the model's vocabulary of \(target) tokens; it has \(draft)."
        case .token(let id, let name, let target, let draft):
            "The draft model \(name) must have the model's vocabulary; its token \(id) is \(Self.word(id, draft)), the "
                + "model's is \(Self.word(id, target))."
        }
    }

    private static func word(_ id: Int32, _ vocabulary: Vocabulary) -> String {
        guard (0..<vocabulary.count).contains(Int(id)) else { return "none" }
        let text = String(decoding: vocabulary.bytes(of: id).prefix(100), as: UTF8.self).debugDescription
        return vocabulary.isSpecial(id) ? "the control token \(text)" : text
    }
}
