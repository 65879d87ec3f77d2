import HTTP
import Transport

extension ServeSettings {
    /// A route that is to be open must be one.
    func checkOpenRoutes(_ router: Router) throws {
        let known = Set(router.table.map(\.pattern))
        if let unknown = openRoutes.patterns.sorted().first(where: { !known.contains($0) }) {
            throw SettingsError.unknownRoute(unknown)
        }
    }

    /// The first address that others reach without a key; nil when there is none. Without keys whoever reaches the
    /// server can use it, and end everybody's requests, so that must be wanted.
    func checkExposure(of endpoints: [Endpoint]) throws -> Endpoint? {
        guard apiKeyFile == nil, let exposed = endpoints.first(where: { !$0.isLocal }) else { return nil }
        guard insecure else { throw SettingsError.exposed(exposed) }
        return exposed
    }
}
