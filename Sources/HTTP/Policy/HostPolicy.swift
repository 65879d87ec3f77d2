import Transport

/// For which hosts a server answers.
///
/// A web page can have its own name resolve to 127.0.0.1 and then talk to a server there as if it were its own (DNS
/// rebinding, CVE-2024-28224); what it cannot change is the name that its browser writes into `Host`.
package struct HostPolicy: Sendable {
    /// Nil: for all.
    private let hosts: [String]?

    package static let any = HostPolicy(hosts: nil)

    private init(hosts: [String]?) { self.hosts = hosts }

    /// Answers for this machine (localhost, 127.0.0.0/8, [::1]) and for `hosts`: names or addresses, without ports and
    /// brackets, in lower or upper case.
    package static func loopback(and hosts: [String]) -> HostPolicy { HostPolicy(hosts: hosts) }

    /// - Parameter authority: `host` or `host:port`. Empty for HTTP/1.0 without a `Host`, which no browser sends.
    package func allows(_ authority: String) -> Bool {
        guard let hosts, !authority.isEmpty else { return true }
        let name = Authority.name(of: Array(authority.utf8)[...])
        if Self.isLoopback(name) { return true }
        let address = IPAddress(ASCII.text(name))
        return hosts.contains { host in
            ASCII.equal(host.utf8, name) || address != nil && IPAddress(host) == address
        }
    }

    /// `localhost` and names under it never leave the machine (RFC 6761, 6.3).
    static func isLoopback(_ name: ArraySlice<UInt8>) -> Bool {
        if ASCII.equal(name, "localhost") || ASCII.equal(name.suffix(10), ".localhost") { return true }
        return IPAddress(ASCII.text(name))?.isLoopback ?? false
    }
}
