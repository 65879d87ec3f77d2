import COpenSSL

/// What is worth saying about the certificate that a server shows.
package struct TLSCertificate: Sendable, Equatable {
    /// RFC 2253 text, `CN=example.org`.
    package let subject: String
    /// When it ends, in seconds since 1970; nil for a date that no clock has.
    package let notAfter: Int64?
    /// What clients will object to, although the server can work with it.
    package private(set) var warnings: [String] = []

    /// - Parameter chain: X509 pointers, the server's own certificate first; at least one.
    init(_ certificate: OpaquePointer, chain: [OpaquePointer]) {
        subject = OpenSSL.text { openssl_subject(certificate, $0, $1) }
        var seconds: Int64 = 0
        notAfter = openssl_not_after(certificate, &seconds) == 1 ? seconds : nil
        if X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0 { warnings.append("it has expired") }
        if X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 { warnings.append("it is not valid yet") }
        for (index, (issued, issuer)) in zip(chain, chain.dropFirst()).enumerated()
        where X509_check_issued(issuer, issued) != X509_V_OK {
            warnings.append("certificate \(index + 2) of the file did not issue certificate \(index + 1)")
        }
    }
}
