package import HTTP
package import HTTPTypes
package import JSON
import Synchronization

/// Why an exchange with another server was given up.
package enum ExchangeError: Error, Equatable, Sendable {
    case timedOut
    case tooLong
    case cancelled
}

extension ExchangeError {
    var failure: VerifierFailure {
        switch self {
        case .timedOut: .timedOut
        case .tooLong: .output
        case .cancelled: .cancelled
        }
    }
}

extension HTTPClient {
    /// Posts JSON and waits for the whole answer, `limit` bytes at most. Throws `ExchangeError` when it comes too late or is
    /// too long or the task is cancelled; the exchange itself, which may hang in a connect, is left to its own end.
    package func post(
        _ path: String, _ json: JSONValue, fields: HTTPFields = HTTPFields(), limit: Int, timeout: Duration
    ) async throws -> (status: Int, body: [UInt8]) {
        var fields = fields
        fields[.contentType] = "application/json"
        let outcome = FirstOutcome()
        let exchange = Task { [fields] in
            do {
                outcome.settle(.success(try await self.exchange(path, fields, json.serialized, limit)))
            } catch {
                outcome.settle(.failure(error))
            }
        }
        let alarm = Task {
            try? await Task.sleep(for: timeout)
            outcome.settle(.failure(ExchangeError.timedOut))
        }
        defer {
            exchange.cancel()
            alarm.cancel()
        }
        return try await withTaskCancellationHandler {
            try await outcome.value
        } onCancel: {
            outcome.settle(.failure(ExchangeError.cancelled))
        }
    }

    private func exchange(
        _ path: String, _ fields: HTTPFields, _ body: [UInt8], _ limit: Int
    ) async throws -> FirstOutcome.Answer {
        let answer = Mutex<[UInt8]>([])
        let response = try await send(.post, path, fields: fields, body: body) { bytes in
            try answer.withLock { answer in
                guard answer.count + bytes.count <= limit else { throw ExchangeError.tooLong }
                answer += bytes
            }
        }
        return (response.status.code, answer.withLock { $0 })
    }
}

/// The first of several outcomes, for one that waits.
private final class FirstOutcome: Sendable {
    typealias Answer = (status: Int, body: [UInt8])

    private struct State {
        var outcome: Result<Answer, any Error>?
        var waiter: CheckedContinuation<Answer, any Error>?
    }

    private let state = Mutex(State())

    /// Only the first call counts.
    func settle(_ outcome: Result<Answer, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Answer, any Error>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: outcome)
    }

    var value: Answer {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state in
                    if state.outcome == nil { state.waiter = continuation }
                    return state.outcome
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        }
    }
}
