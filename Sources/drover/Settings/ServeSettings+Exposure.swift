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

    /// What others who reach this server should not be able to do, and at which address; nil where all is well. Without
    /// keys whoever reaches the server can use it, and end everybody's requests, so that must be wanted; who must show a
    /// certificate was let in by an authority.
    func checkExposure(of endpoints: [Endpoint]) throws -> (warning: String, endpoint: Endpoint)? {
        guard let exposed = endpoints.first(where: { !$0.isLocal }) else { return nil }
        guard apiKeyFile == nil else {
            return tls == nil ? ("API keys travel in the clear without TLS, here or before the server", exposed) : nil
        }
        guard tls?.clientAuthorities == nil else { return nil }
        guard insecure else { throw SettingsError.exposed(exposed) }
        return ("listening beyond this machine without API keys", exposed)
    }
}
