package import HTTPTypes
package import Transport

/// The proxies before a server, and which field they write about their clients.
///
/// One field only: a proxy adds to the one that it knows and lets the other pass as its client sent it.
package struct TrustedProxies: Sendable {
    package enum Field: String, Sendable, CaseIterable {
        case forwardedFor = "x-forwarded-for"
        /// RFC 7239.
        case forwarded
    }

    private let ranges: [AddressRange]
    private let field: Field

    package init(_ ranges: [AddressRange], field: Field) {
        self.ranges = ranges
        self.field = field
    }

    package func contains(_ peer: String) -> Bool { ranges.contains { $0.contains(peer) } }

    /// The address nearest to us that no trusted proxy has. Each proxy adds the one that it saw to the right, so what
    /// stands left of it was written by somebody unknown, and counts for nothing.
    package func client(of fields: HTTPFields, peer: String) -> String {
        guard contains(peer), let name = HTTPField.Name(field.rawValue) else { return peer }
        let elements = fields[fields: name].flatMap { field in
            field.withUnsafeBytesOfValue { ForwardedElement.split(Array($0)[...]) }
        }
        var client = peer
        for element in elements.reversed() {
            let address = field == .forwarded ? ForwardedElement.node(element) : ForwardedElement.address(element)
            // `unknown`, or a name that hides the client: the last hop that is known has to answer for it.
            guard let address else { return client }
            client = address.description
            if !contains(client) { return client }
        }
        return client
    }
}
