import COpenSSL

private let spoken = "http/1.1"

/// What the connections of one side share: policy, certificate, authorities. It never changes; connections hold on to
/// theirs, so that a new one takes nothing from them.
package final class TLSContext: @unchecked Sendable {
    // @unchecked: OpenSSL counts the users of a context atomically, and nothing changes it after `init`.
    private let context: OpaquePointer
    /// What a server shows; nil for a client.
    package let certificate: TLSCertificate?
    package let asksForCertificates: Bool

    /// A server's side. Throws, naming the part that is wrong, when it could not work with every client.
    package init(server identity: TLSIdentity) throws(TLSIdentityError) {
        (context, certificate) = try Self.make(identity)
        asksForCertificates = identity.clientAuthorities != nil
    }

    /// A client's side, which trusts the authorities of the system or of `SSL_CERT_FILE`.
    package init() throws(TLSIdentityError) {
        context = try Self.make(TLS_client_method())
        certificate = nil
        asksForCertificates = false
        SSL_CTX_set_default_verify_paths(context)
        let protocols = [UInt8(spoken.utf8.count)] + spoken.utf8
        SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
    }

    deinit { SSL_CTX_free(context) }

    /// A server's session of one connection; nil without memory.
    func accept() -> TLSSession? {
        guard let session = SSL_new(context) else { return nil }
        SSL_set_accept_state(session)
        return TLSSession(session)
    }

    /// A client's session of one connection to `host`; nil without memory.
    func connect(host: String) -> TLSSession? {
        guard let session = SSL_new(context) else { return nil }
        SSL_set_connect_state(session)
        guard openssl_expect_server(session, host) == 1 else {
            SSL_free(session)
            return nil
        }
        return TLSSession(session)
    }

    private static func make(
        _ identity: TLSIdentity
    ) throws(TLSIdentityError) -> (context: OpaquePointer, certificate: TLSCertificate) {
        let context = try make(TLS_server_method())
        do throws(TLSIdentityError) {
            let certificate = try use(identity.certificates, in: context)
            try use(key: identity.key, in: context)
            if let authorities = identity.clientAuthorities { try require(authorities, in: context) }
            SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
            return (context, certificate)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
    }

    private static func make(_ method: OpaquePointer?) throws(TLSIdentityError) -> OpaquePointer {
        let (context, reason) = OpenSSL.calling { openssl_context(method) }
        guard let context else { throw .setup(reason) }
        return context
    }
}

// MARK: - Files

extension TLSContext {
    /// Takes the server's certificate and its chain.
    private static func use(
        _ bytes: [UInt8], in context: OpaquePointer
    ) throws(TLSIdentityError) -> TLSCertificate {
        let chain = try certificates(bytes)
        defer { for certificate in chain { X509_free(certificate) } }
        guard let first = chain.first else { throw .certificate("it holds no PEM certificate") }
        let (isUsed, reason) = OpenSSL.calling {
            SSL_CTX_use_certificate(context, first) == 1
                && chain.dropFirst().allSatisfy { openssl_add_to_chain(context, $0) == 1 }
        }
        guard isUsed else { throw .certificate(reason) }
        return TLSCertificate(first, chain: chain)
    }

    /// All certificates of a PEM text; the caller frees them. One that is cut off is an error, not the end.
    private static func certificates(_ bytes: [UInt8]) throws(TLSIdentityError) -> [OpaquePointer] {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let chain: [OpaquePointer] =
            OpenSSL.reading(bytes) { source in
                var chain: [OpaquePointer] = []
                while let certificate = PEM_read_bio_X509(source, nil, noPassphrase, nil) { chain.append(certificate) }
                return chain
            } ?? []
        let code = ERR_peek_last_error()
        if ERR_GET_LIB(code) == ERR_LIB_PEM, ERR_GET_REASON(code) == PEM_R_NO_START_LINE { return chain }
        for certificate in chain { X509_free(certificate) }
        throw .certificate("certificate \(chain.count + 1) of it cannot be read: \(OpenSSL.reason(code))")
    }

    private static func use(key bytes: [UInt8], in context: OpaquePointer) throws(TLSIdentityError) {
        let (read, reason) = OpenSSL.calling {
            OpenSSL.reading(bytes) { PEM_read_bio_PrivateKey($0, nil, noPassphrase, nil) } ?? nil
        }
        guard let key = read else { throw .key("it holds no PEM private key without a passphrase (\(reason))") }
        defer { EVP_PKEY_free(key) }
        let (isUsed, mismatch) = OpenSSL.calling {
            SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1
        }
        guard isUsed else { throw .key("it is not the key of the certificate (\(mismatch))") }
    }

    private static func require(_ bytes: [UInt8], in context: OpaquePointer) throws(TLSIdentityError) {
        let (count, reason) = OpenSSL.calling { OpenSSL.reading(bytes) { openssl_require_clients(context, $0) } ?? 0 }
        guard count > 0 else { throw .clientAuthorities("it holds no PEM certificates of authorities (\(reason))") }
    }
}

// MARK: - What OpenSSL calls; functions of a type cannot be called from C.

/// RFC 7301 3.2: of the names that the client offers, each behind its length, the one that is spoken here, or the
/// alert `no_application_protocol`. A client that offers none is taken for one of HTTP/1.1.
private func chooseProtocol(
    _: OpaquePointer?, _ name: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ length: UnsafeMutablePointer<UInt8>?,
    _ offer: UnsafePointer<UInt8>?, _ count: UInt32, _: UnsafeMutableRawPointer?
) -> Int32 {
    guard let name, let length, let offer else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    var rest = UnsafeBufferPointer(start: offer, count: Int(count))[...]
    while let size = rest.popFirst(), size > 0, Int(size) <= rest.count {
        if rest.prefix(Int(size)).elementsEqual(spoken.utf8) {
            name.pointee = offer + rest.startIndex
            length.pointee = size
            return SSL_TLSEXT_ERR_OK
        }
        rest = rest.dropFirst(Int(size))
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// Without it OpenSSL would ask at the terminal.
private func noPassphrase(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { 0 }
