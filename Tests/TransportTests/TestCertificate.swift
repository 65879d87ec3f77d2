import Foundation
import Testing
import Transport

/// A self-signed certificate for localhost, made by the openssl command; clients of this process trust it.
struct TestCertificate {
    let identity: TLSIdentity

    /// One for all tests.
    static let shared = Result { try TestCertificate() }

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (certificate, key) = (folder.appending(path: "cert.pem"), folder.appending(path: "key.pem"))
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key.path, "-out",
            certificate.path,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0)
        identity = TLSIdentity(
            certificates: Array(try Data(contentsOf: certificate)), key: Array(try Data(contentsOf: key)))
        setenv("SSL_CERT_FILE", certificate.path, 1)
    }
}
