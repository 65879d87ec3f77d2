/// The verifiers that there are, by name. At most `limit` of them run at the same time, whoever asks.
package struct VerifierRoster: Sendable {
    private let verifiers: [String: ListedVerifier]

    /// - Parameter limit: most of the given ones that run at the same time.
    package init(_ given: [any Verifier] = [], limit: Int = 1) {
        let gate = Gate(places: limit)
        let builtIn = ListedVerifier(verifier: SchemaVerifier(), gate: nil)
        verifiers = given.reduce(into: [builtIn.name: builtIn]) { verifiers, verifier in
            verifiers[verifier.name] = ListedVerifier(verifier: verifier, gate: gate)
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

    package subscript(name: String) -> ListedVerifier? { verifiers[name] }
}
