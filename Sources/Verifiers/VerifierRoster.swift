/// The verifiers that there are, by name. At most `limit` of them run at the same time, whoever asks.
package struct VerifierRoster: Sendable {
    private let verifiers: [String: any Verifier]

    /// - Parameter limit: most of the given ones that run at the same time.
    package init(_ given: [any Verifier] = [], limit: Int = 1) {
        let gate = Gate(places: limit)
        // The built-in one needs no turn: it starts nothing.
        verifiers = given.reduce(into: [SchemaVerifier.name: SchemaVerifier()]) { verifiers, verifier in
            verifiers[verifier.name] = GatedVerifier(verifier: verifier, gate: gate)
        }
    }

    /// Those of the operator's settings, by name.
    package init(_ settings: [String: VerifierSettings], limit: Int) throws {
        self.init(
            try settings.map { name, settings in
                switch settings {
                case .command(let settings): CommandVerifier(name: name, settings: settings)
                case .callback(let settings): try CallbackVerifier(name: name, settings: settings)
                }
            }, limit: limit)
    }

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
