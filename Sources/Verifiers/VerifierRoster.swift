package import Telemetry

/// The verifiers that there are, by name. At most `limit` of them run at the same time, whoever asks.
package struct VerifierRoster: Sendable {
    private let verifiers: [String: ListedVerifier]

    /// - Parameters:
    ///   - limit: most of the given ones that run at the same time.
    ///   - metrics: where their runs are counted.
    package init(_ given: [any Verifier] = [], limit: Int = 1, metrics: MetricsRegistry = MetricsRegistry()) {
        let gate = Gate(places: limit)
        let listed = [(SchemaVerifier(), nil)] + given.map { ($0, gate) } as [(any Verifier, Gate?)]
        verifiers = listed.reduce(into: [:]) { verifiers, entry in
            let (verifier, gate) = entry
            verifiers[verifier.name] = ListedVerifier(
                verifier: verifier, gate: gate, metrics: VerifierMetrics(metrics, verifier: verifier.name))
        }
    }

    /// Those of the operator's settings, by name.
    package init(
        _ settings: [String: VerifierSettings], limit: Int, metrics: MetricsRegistry = MetricsRegistry()
    ) throws {
        self.init(
            try settings.map { name, settings in
                switch settings {
                case .command(let settings): CommandVerifier(name: name, settings: settings)
                case .callback(let settings): try CallbackVerifier(name: name, settings: settings)
                }
            }, limit: limit, metrics: metrics)
    }

    package var names: [String] { verifiers.keys.sorted() }

    package subscript(name: String) -> ListedVerifier? { verifiers[name] }
}
