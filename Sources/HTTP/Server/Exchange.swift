import HTTPTypes
import Transport

/// One request and its response: identity, encoding, sending, the record in log and metrics.
struct Exchange: Sendable {
    private let service: ServiceContext
    private let stream: any ByteStream
    private(set) var head: RequestHead
    private var encoder: ResponseEncoder
    private var accepted = AcceptEncoding.unsaid
    private var isUnderstood = false
    private var trace: TraceContext?
    /// Bytes of the request's body.
    var bodyCount = 0
    private var mayPersist: @Sendable () -> Bool = { false }

    /// An exchange whose request is not known yet, for errors on the way there.
    init(service: ServiceContext, stream: any ByteStream) {
        self.service = service
        self.stream = stream
        head = RequestHead(id: RequestID.make(), method: .get, target: .none, peer: stream.peer)
        encoder = ResponseEncoder(idleLimit: service.settings.idleLimit)
    }

    /// `isDraining` is asked when the response begins.
    mutating func begin(
        _ parsed: ParsedHead, receivedAt: ContinuousClock.Instant, isLast: Bool,
        isDraining: @escaping @Sendable () -> Bool
    ) {
        head = RequestHead(
            id: RequestID.choose(parsed.fields), method: parsed.method, target: parsed.target, fields: parsed.fields,
            host: parsed.host, peer: service.client(of: parsed.fields, peer: stream.peer), receivedAt: receivedAt)
        head.notes["client_certificate"] = stream.identity
        trace = TraceContext(parsed.fields)
        if let trace {
            head.notes["trace_id"] = trace.traceID
            head.notes["span_id"] = trace.spanID
            head.notes["parent_span_id"] = trace.parentID
        }
        encoder = ResponseEncoder(
            method: parsed.method, minorVersion: parsed.minorVersion, idleLimit: service.settings.idleLimit)
        accepted = AcceptEncoding(parsed.fields)
        isUnderstood = true
        let isPersistent = parsed.isPersistent && !isLast
        mayPersist = { isPersistent && !isDraining() }
    }

    /// True when the connection may go on.
    func send(_ response: Response, closing: Bool) async -> Bool {
        var response = response.coded(for: accepted)
        trace?.mark(&response)
        let isPersistent = !closing && mayPersist()
        var (isComplete, bytes) = (true, 0)
        do {
            bytes = try await transmit(response, isPersistent: isPersistent)
        } catch is UnbegunBody {
            response = service.errorBody(.internalServerError, "the response could not be made")
            trace?.mark(&response)
            do {
                bytes = try await transmit(response, isPersistent: isPersistent)
            } catch {
                isComplete = false
            }
        } catch {
            isComplete = false
        }
        // A body that was cut must not look like one that ended.
        if !isComplete { stream.close() }
        record(response, bytes: bytes, isComplete: isComplete)
        return isComplete && isPersistent && encoder.coding(of: response) != .untilClose
    }

    /// A streamed body failed before its first byte.
    private struct UnbegunBody: Error {}

    /// Sends head and body; the count of the body's bytes.
    private func transmit(_ response: Response, isPersistent: Bool) async throws -> Int {
        let message = encoder.encode(response, id: head.id, isPersistent: isPersistent, date: service.dateLine.bytes)
        switch response.body {
        case .bytes(let body):
            try await stream.write(message)
            return body.count
        case .stream(let produce):
            let coding = encoder.coding(of: response)
            if coding == .none {
                try await stream.write(message)
                return 0
            }
            let writer = BodyWriter(stream, head: message, isChunked: coding == .chunked)
            do {
                try await produce(writer)
            } catch {
                if !writer.hasBegun, !Task.isCancelled { throw UnbegunBody() }
                throw error
            }
            try await writer.end()
            return writer.count
        }
    }

    private func record(_ response: Response, bytes: Int, isComplete: Bool) {
        service.record(
            AccessRecord(
                id: head.id, peer: head.peer, method: isUnderstood ? head.method.rawValue : "",
                target: head.target.path, status: response.status.code, handler: response.handler,
                requestBytes: bodyCount, bytes: bytes, duration: .now - head.receivedAt, isComplete: isComplete,
                notes: head.notes.all))
    }
}
