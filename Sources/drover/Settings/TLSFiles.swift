/// Where a server's TLS identity stands.
struct TLSFiles: Sendable {
    let certificate: String
    let key: String
    let clientAuthorities: String?

    /// Nil without TLS. Throws when one setting misses another.
    init?(_ options: ServeOptions, _ reader: SettingsReader) throws {
        let certificate = try reader.value(options.tlsCertificate, "tls-certificate")
        let key = try reader.value(options.tlsKey, "tls-key")
        clientAuthorities = try reader.value(options.tlsClientCa, "tls-client-ca")
        guard let certificate else {
            if key != nil { throw SettingsError.conflict("tls-key", "needs tls-certificate") }
            if clientAuthorities != nil { throw SettingsError.conflict("tls-client-ca", "needs tls-certificate") }
            return nil
        }
        guard let key else { throw SettingsError.conflict("tls-certificate", "needs tls-key") }
        self.certificate = certificate
        self.key = key
    }
}
