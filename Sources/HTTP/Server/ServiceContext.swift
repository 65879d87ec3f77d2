import HTTPTypes
import Transport

/// What all connections of a server share.
struct ServiceContext: Sendable {
    let responder: any Responder
    let errorBody: ErrorBody
    let settings: ServerSettings
    let metrics: HTTPMetrics?
    let onRequest: (@Sendable (AccessRecord) -> Void)?
    let dateLine = DateLine()

    /// Who sends a request that came from `peer`.
    func client(of fields: HTTPFields, peer: String) -> String {
        settings.proxies?.client(of: fields, peer: peer) ?? peer
    }

    /// Whether many may stand behind a peer: a proxy, or one on this machine, where the operator is too.
    func isManifold(_ peer: String) -> Bool {
        peer == AddressRange.unixPeer || IPAddress(peer)?.isLoopback == true || settings.proxies?.contains(peer) == true
    }

    func record(_ record: AccessRecord) {
        metrics?.observe(record)
        onRequest?(record)
    }
}
