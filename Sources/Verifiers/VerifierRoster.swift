/// The verifiers that there are, by name. At most `limit` of them run at the same time, whoever asks.
package struct VerifierRoster: Sendable {
    private let verifiers: [String: any Verifier]

    /// - Parameters:
    ///   - settings: by name.
    ///   - limit: most verifiers that run at the same time.
    package init(_ settings: [String: VerifierSettings], limit: Int) throws {
        let gate = Gate(places: limit)
        var verifiers: [String: any Verifier] = [:]
        for (name, settings) in settings {
            let verifier: any Verifier =
                switch settings {
                case .command(let settings): CommandVerifier(name: name, settings: settings)
                case .callback(let settings): try CallbackVerifier(name: name, settings: settings)
                }
            verifiers[name] = GatedVerifier(verifier: verifier, gate: gate)
        }
        verifiers[SchemaVerifier.name] = SchemaVerifier()
        self.verifiers = verifiers
    }

    /// Of programs that have none but those that come with it.
    package init() { verifiers = [SchemaVerifier.name: SchemaVerifier()] }

    package var names: [String] { verifiers.keys.sorted() }

    package subscript(name: String) -> (any Verifier)? { verifiers[name] }
}

/// Waits for its turn.
private struct GatedVerifier: Verifier {
    let verifier: any Verifier
    let gate: Gate

    var name: String { verifier.name }

    func verify(_ candidate: Candidate) async -> Verdict {
        guard await gate.enter() else { return Verdict(.cancelled) }
        defer { gate.leave() }
        return await verifier.verify(candidate)
    }
}
