import COpenSSL

/// TLS of one connection as a machine over bytes, OpenSSL on memory BIOs: no I/O and no time. Give it what the peer
/// sent by `receive`, send what `takeOutput` returns, in that order. For one task at a time; the owner has the lock.
final class TLSSession {
    enum State: Equatable {
        case handshaking
        case established
        /// The peer has said that it sends no more (close_notify).
        case ended
        case failed(TransportError)
    }

    private(set) var state = State.handshaking
    private(set) var plaintext: [UInt8] = []

    private let session: OpaquePointer
    /// Memory BIOs, which belong to the session.
    private let incoming: OpaquePointer?
    private let outgoing: OpaquePointer?
    private var handshakeCount = 0

    /// Bytes that a peer may send before the handshake is done. A hello and a chain of certificates need a tenth.
    static let handshakeLimit = 65_536

    /// Takes over an SSL that knows its side.
    init(_ session: OpaquePointer) {
        self.session = session
        incoming = BIO_new(BIO_s_mem())
        outgoing = BIO_new(BIO_s_mem())
        SSL_set_bio(session, incoming, outgoing)
        if incoming == nil || outgoing == nil { state = .failed(.tls("no memory")) }
    }

    deinit { SSL_free(session) }

    /// A client's first message. A server waits for it.
    func begin() { shake() }

    /// Takes bytes of the peer; after its end or a failure they are dropped.
    func receive(_ bytes: [UInt8]) {
        guard state == .handshaking || state == .established, !bytes.isEmpty else { return }
        guard let count = Int32(exactly: bytes.count), BIO_write(incoming, bytes, count) == count else {
            return fail("no memory")
        }
        if state == .handshaking {
            shake()
            // What came with the last message of the handshake is not part of it.
            handshakeCount += bytes.count
            if state == .handshaking, handshakeCount > Self.handshakeLimit {
                fail("the handshake is longer than \(Self.handshakeLimit) bytes")
            }
        }
        if state == .established { decrypt() }
    }

    /// The connection below has ended. Without a close_notify before, somebody may have cut it (RFC 8446 6.1).
    func receiveEnd() {
        if state == .handshaking || state == .established { fail("the connection ended without close_notify") }
    }

    func takePlaintext() -> [UInt8] {
        defer { plaintext = [] }
        return plaintext
    }

    /// Seals bytes into the output. Throws before the handshake is done and after a failure; a peer that has ended
    /// still gets them.
    func encrypt(_ bytes: ArraySlice<UInt8>) throws(TransportError) {
        switch state {
        case .handshaking: throw .tls("the handshake is not done")
        case .failed(let error): throw error
        case .established, .ended: break
        }
        var rest = bytes
        while !rest.isEmpty {
            let (count, reason) = OpenSSL.calling {
                rest.withUnsafeBytes { SSL_write(session, $0.baseAddress, Int32(clamping: $0.count)) }
            }
            guard count > 0 else {
                fail(reason)
                throw .tls(reason)
            }
            rest = rest.dropFirst(Int(count))
        }
    }

    /// Says that no more bytes follow (close_notify).
    func end() {
        if state == .established || state == .ended { _ = OpenSSL.calling { SSL_shutdown(session) } }
    }

    /// What is to be sent to the peer.
    func takeOutput() -> [UInt8] {
        let pending = BIO_ctrl_pending(outgoing)
        guard pending > 0 else { return [] }
        return Array(unsafeUninitializedCapacity: pending) { buffer, count in
            count = max(0, Int(BIO_read(outgoing, buffer.baseAddress, Int32(clamping: pending))))
        }
    }

    var hasOutput: Bool { BIO_ctrl_pending(outgoing) > 0 }

    /// The subject of the peer's certificate, once it is proven; nil without one.
    var peerSubject: String? {
        let text = OpenSSL.text { openssl_peer_subject(session, $0, $1) }
        return text.isEmpty ? nil : text
    }

    private func shake() {
        let (result, reason) = OpenSSL.calling {
            let code = SSL_do_handshake(session)
            return (code: code, kind: SSL_get_error(session, code))
        }
        if result.code == 1 { state = .established } else { settle(result.kind, reason) }
    }

    private func decrypt() {
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { buffer in
            while state == .established {
                let (result, reason) = OpenSSL.calling {
                    let count = SSL_read(session, buffer.baseAddress, Int32(buffer.count))
                    return (count: count, kind: SSL_get_error(session, count))
                }
                guard result.count > 0 else { return settle(result.kind, reason) }
                plaintext.append(contentsOf: buffer[..<Int(result.count)])
            }
        }
    }

    /// What a call without success means.
    private func settle(_ kind: Int32, _ reason: String) {
        switch kind {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
        case SSL_ERROR_ZERO_RETURN: state = .ended
        default:
            let verdict = SSL_get_verify_result(session)
            let isRefused = verdict != Int(X509_V_OK)
            fail(isRefused ? "\(reason): \(String(cString: X509_verify_cert_error_string(verdict)))" : reason)
        }
    }

    private func fail(_ reason: String) { state = .failed(.tls(reason)) }
}
