import Foundation
import HTTP
import HTTPTypes
import Logging
import Service
import Telemetry
import Transport

/// TLS of a server: its files, and the acceptor that is made of them.
final class ServerTLS: Sendable {
    private let files: TLSFiles
    private let acceptor: TLSAcceptor
    private let notAfter: Gauge
    private let logger: Logger

    private static let bytesLimit = 1 << 20

    /// Throws, naming the file and what is wrong with it, when they cannot be used.
    init(_ files: TLSFiles, metrics: MetricsRegistry, logger: Logger) throws {
        self.files = files
        self.logger = logger
        notAfter = metrics.gauge(
            "drover_tls_certificate_not_after_seconds", "When the server's certificate ends, in seconds since 1970.")
        let name = "drover_tls_handshakes_total"
        let help = "TLS handshakes by how they ended."
        let done = metrics.counter(name, help, labels: Labels(["result": "done"]))
        let failed = metrics.counter(name, help, labels: Labels(["result": "failed"]))
        let context = try Self.context(of: files)
        acceptor = TLSAcceptor(context, plainReply: Self.plainReply) { peer, end in
            switch end {
            case .success: done.add()
            case .failure(let error):
                failed.add()
                // At a level that scanners of ports do not fill the log with.
                logger.debug("handshake failed", metadata: ["peer": "\(peer)", "error": "\(error)"])
            }
        }
        announce(context, "speaking TLS")
    }

    func secure(_ stream: any ByteStream) -> any ByteStream { acceptor.secure(stream) }

    /// Takes the files if all of them are right, and else goes on with what there is.
    func reload(failures: Counter) {
        do {
            let context = try Self.context(of: files)
            acceptor.replace(context)
            announce(context, "read the certificates again")
        } catch {
            failures.add()
            logger.error("kept the certificates as they were", metadata: ["error": "\(error)"])
        }
    }

    private func announce(_ context: TLSContext, _ what: Logger.Message) {
        guard let certificate = context.certificate else { return }
        if let seconds = certificate.notAfter { notAfter.set(Double(seconds)) }
        let end = certificate.notAfter.map { Date(timeIntervalSince1970: Double($0)).formatted(.iso8601) }
        logger.info(
            what, metadata: ["certificate": "\(certificate.subject)", "not_after": "\(end ?? "unknown")"])
        for warning in certificate.warnings {
            logger.warning("clients may refuse the certificate", metadata: ["reason": "\(warning)"])
        }
    }

    static func context(of files: TLSFiles) throws -> TLSContext {
        let identity = TLSIdentity(
            certificates: try read(files.certificate, of: files),
            key: try PrivateFile(path: files.key, kind: "TLS key").read(limit: bytesLimit),
            clientAuthorities: try files.clientAuthorities.map { try read($0, of: files) })
        do throws(TLSIdentityError) {
            return try TLSContext(server: identity)
        } catch {
            throw ServerTLSError(files: files, reason: error)
        }
    }

    private static func read(_ path: String, of files: TLSFiles) throws -> [UInt8] {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let data = try handle.read(upToCount: bytesLimit) ?? Data()
        guard data.count < bytesLimit else {
            throw ServerTLSError(files: files, reason: .setup("\(path) has \(bytesLimit) bytes or more"))
        }
        return Array(data)
    }

    /// What a client reads that speaks HTTP without TLS.
    private static var plainReply: [UInt8] {
        let response = APIService.errorBody(.badRequest, "this port speaks TLS: use https://")
        return ResponseEncoder().encode(response, id: "none", isPersistent: false, date: [])
    }
}

/// Which of the files cannot be used, and why.
struct ServerTLSError: Error, CustomStringConvertible {
    let files: TLSFiles
    let reason: TLSIdentityError

    var description: String {
        switch reason {
        case .certificate(let reason): "The TLS certificate \(files.certificate) cannot be used: \(reason)."
        case .key(let reason): "The TLS key \(files.key) cannot be used: \(reason)."
        case .clientAuthorities(let reason):
            "The client authorities \(files.clientAuthorities ?? "") cannot be used: \(reason)."
        case .setup(let reason): "TLS cannot be set up: \(reason)."
        }
    }
}
