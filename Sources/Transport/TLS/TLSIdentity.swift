/// Who a server is and whom it lets in: the contents of PEM files.
package struct TLSIdentity: Sendable {
    /// The server's certificate and behind it those that lead to a known authority.
    package let certificates: [UInt8]
    /// The private key of the first certificate, without a passphrase.
    package let key: [UInt8]
    /// The authorities of clients, and lists of what they revoked; nil: clients need no certificate.
    package let clientAuthorities: [UInt8]?

    package init(certificates: [UInt8], key: [UInt8], clientAuthorities: [UInt8]? = nil) {
        self.certificates = certificates
        self.key = key
        self.clientAuthorities = clientAuthorities
    }
}

/// Why a TLS identity cannot be used; OpenSSL's words where they say more.
package enum TLSIdentityError: Error, Equatable {
    case certificate(String)
    case key(String)
    case clientAuthorities(String)
    /// OpenSSL is out of memory, or the system's configuration of it is broken.
    case setup(String)
}
