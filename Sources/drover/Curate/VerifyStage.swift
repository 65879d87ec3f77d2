import Curation
import JSON
import Verifiers

/// Asks a verifier about each answer that is still there.
struct VerifyStage: Sendable {
    let settings: VerifySettings
    let verifier: ListedVerifier
    let store: WorkStore
    let retries: Int
    private let digest: ContentHash

    init(_ settings: VerifySettings, _ roster: VerifierRoster, store: WorkStore, retries: Int) throws {
        guard let verifier = roster[settings.rosterName] else { throw VerifyError.unknown(settings.name) }
        self.settings = settings
        self.verifier = verifier
        self.store = store
        self.retries = retries
        digest = try ContentHash(settings: settings)
    }

    /// - Parameters:
    ///   - keys: of all answers, by their positions.
    ///   - limit: answers at the same time.
    func run(_ dataset: inout Dataset, keys: [ContentHash], atOnce limit: Int) async throws {
        let table = StageTable(store: store, table: .verify, unit: "different answers")
        let pieces = dataset.kept.map { (digest.with(keys[$0].bytes), $0) }
        try await table.fill(pieces, atOnce: limit) { [dataset] position, key in
            let entry = dataset.entries[position]
            let verdict = try await verdict(candidate(dataset.prompts[entry.prompt], entry.sample))
            return [WorkStore.Row(.verify, key, verdict.json.serialized)]
        }
        for (key, position) in pieces {
            let verdict = try table.value(key).object ?? [:]
            dataset.setScore(verdict["score"]?.number ?? 0, of: settings.name, at: position)
            guard verdict["passed"]?.bool != true else { continue }
            dataset.drop(position, at: .verify, by: settings.name, because: Self.reason(verdict))
        }
    }

    /// Asks again where a failure tells nothing about the answer. Throws when it goes on: the answer is not dropped for it.
    private func verdict(_ candidate: Candidate) async throws -> Verdict {
        var failures = 0
        while true {
            let verdict = await verifier.verify(candidate)
            guard let failure = verdict.failure, failure.isOfTheMachine(settings.kind) else { return verdict }
            try Task.checkCancellation()
            failures += 1
            // A program that is not there stays away; a server may come back.
            guard case .callback = settings.kind, failures <= retries else {
                throw VerifyError.failed(settings.name, "\(failure)")
            }
            try await Backoff.wait(afterFailures: failures)
        }
    }

    private func candidate(_ prompt: Prompt, _ sample: Sample) -> Candidate {
        // The check of schemas takes a reference for the calls that are wanted; fields of other kinds are none.
        var reference = prompt.fields["reference"]
        if case .schema = settings.kind {} else { reference = reference ?? .object(prompt.fields) }
        return Candidate(
            messages: prompt.messages, completion: sample.text, toolCalls: sample.toolCalls,
            tools: prompt.tools?.array ?? [], reference: reference)
    }

    private static func reason(_ verdict: JSONObject) -> String {
        let report = verdict["report"]?.string ?? ""
        let detail = verdict["detail"]?.string ?? ""
        let reason = [detail, report].filter { !$0.isEmpty }.joined(separator: " ")
        return reason.isEmpty ? "did not pass" : reason
    }
}

enum VerifyError: Error, CustomStringConvertible {
    case unknown(String)
    case failed(String, String)

    var description: String {
        switch self {
        case .unknown(let name): "there is no verifier '\(name)'"
        case .failed(let name, let problem): "the verifier '\(name)' cannot decide: \(problem)"
        }
    }
}

extension VerifierFailure {
    /// Says nothing about the answer, which may fare better later. A command's bad end may be the answer's doing.
    fileprivate func isOfTheMachine(_ kind: VerifySettings.Kind) -> Bool {
        switch (self, kind) {
        case (.couldNotStart, _), (.cancelled, _), (.exited, .callback), (.timedOut, .callback): true
        default: false
        }
    }
}

extension VerifySettings {
    /// The check that comes with Drover has a name of its own there.
    fileprivate var rosterName: String {
        if case .schema = kind { SchemaVerifier.name } else { name }
    }

    private var time: Duration { .seconds(seconds ?? 10) }

    /// Nil for the check that comes with Drover.
    private var verifierSettings: VerifierSettings? {
        switch kind {
        case .command(let command):
            var settings = CommandSettings(command: command.command, paths: command.paths, time: time)
            if let megabytes = command.memoryMegabytes { settings.memory = megabytes << 20 }
            if let processes = command.processes { settings.processes = processes }
            return .command(settings)
        case .callback(let url): return .callback(CallbackSettings(url: url, timeout: time))
        case .schema: return nil
        }
    }

    /// All verifiers of a recipe, so many of them at a time.
    static func roster(_ all: [VerifySettings], limit: Int) throws -> VerifierRoster {
        let named = all.compactMap { settings in settings.verifierSettings.map { (settings.name, $0) } }
        return try VerifierRoster(Dictionary(named) { $1 }, limit: limit)
    }
}
