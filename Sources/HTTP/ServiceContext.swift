import Transport

/// What all connections of a server share.
struct ServiceContext: Sendable {
    let responder: any Responder
    let errorBody: ErrorBody
    let settings: ServerSettings
    let metrics: HTTPMetrics?
    let onRequest: (@Sendable (AccessRecord) -> Void)?
    let dateLine = DateLine()

    func checkHost(_ host: String) throws(RequestError) {
        if settings.allowedHosts.isEmpty { return }
        let name = Authority.host(of: Array(host.utf8)[...])
        guard settings.allowedHosts.contains(where: { ASCII.equal($0.utf8, name) }) else { throw .misdirected }
    }

    func record(_ record: AccessRecord) {
        metrics?.observe(record)
        onRequest?(record)
    }
}
