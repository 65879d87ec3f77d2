package import Engine
import JSON
import OpenAI
import Synchronization

/// Which part of its life the server is in. The sockets open before the model is there and close after it is gone.
package final class ServiceState: Sendable {
    private enum Phase {
        /// How much of the weights is there, from 0 to 1.
        case loading(share: Double)
        case ready(ServedModel)
        case draining(ServedModel?)
    }

    private let phase = Mutex<Phase>(.loading(share: 0))
    let requests = RequestRegistry()
    package let responses: ResponseDesk

    /// Longest that one step of the engine may take before it counts as stuck.
    private static let heartbeatLimit: Duration = .seconds(120)

    package init(responses: ResponseDesk) { self.responses = responses }

    package func advance(to share: Double) {
        phase.withLock { phase in
            if case .loading = phase { phase = .loading(share: share) }
        }
    }

    /// Nil when the model is there, or no longer wanted.
    package var loadedShare: Double? {
        phase.withLock { phase in
            if case .loading(let share) = phase { share } else { nil }
        }
    }

    package func becomeReady(_ model: ServedModel) {
        phase.withLock { phase in
            if case .loading = phase { phase = .ready(model) }
        }
    }

    /// From now on new work is refused. What runs goes on.
    package func beginDraining() {
        phase.withLock { phase in
            switch phase {
            case .loading: phase = .draining(nil)
            case .ready(let model): phase = .draining(model)
            case .draining: break
            }
        }
    }

    /// The model to list, also while it takes no more work.
    var listedModel: ServedModel? {
        phase.withLock { phase in
            switch phase {
            case .loading: nil
            case .ready(let model): model
            case .draining(let model): model
            }
        }
    }

    /// The engine, while there is one to drain.
    package var engine: InferenceEngine? { listedModel?.engine }

    /// The model, if it takes new work.
    func readyModel() throws(APIError) -> ServedModel {
        switch phase.withLock({ $0 }) {
        case .ready(let model): return model
        case .draining:
            throw .unavailable("The server is shutting down.", code: "draining", retryAfterSeconds: 10)
        case .loading(let share):
            var error = APIError.unavailable(
                "The model is loading: \(Int(share * 100)) % are done.", code: "loading", retryAfterSeconds: 5)
            error.details["progress"] = .number(share)
            throw error
        }
    }

    /// The model for a request that names it; a request that does not gets the one there is.
    func readyModel(named name: String?) throws(APIError) -> ServedModel {
        let model = try readyModel()
        // Compared as bytes: Swift's == takes different spellings of an accented letter for equal.
        if let name, !name.utf8.elementsEqual(model.id.utf8) { throw .modelNotFound(name, known: [model.id]) }
        return model
    }

    var isReady: Bool { (try? checkReadiness()) != nil }

    /// Throws what a load balancer should hear instead of "ready".
    func checkReadiness() throws(APIError) {
        let model = try readyModel()
        guard model.engine.status.heartbeat.duration(to: .now) < Self.heartbeatLimit else {
            throw .unavailable("The engine does not answer.", code: "engine_stuck", retryAfterSeconds: 30)
        }
    }
}
