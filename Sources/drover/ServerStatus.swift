import Engine
import Service

/// How a server goes at a moment.
enum ServerStatus: Sendable {
    /// Part of the weights that is there, from 0 to 1.
    case loading(share: Double)
    case serving(EngineStatus)
    /// On its way to its end without an engine.
    case ending

    init(_ state: ServiceState) {
        if let share = state.loadedShare {
            self = .loading(share: share)
        } else if let engine = state.engine {
            self = .serving(engine.status)
        } else {
            self = .ending
        }
    }
}

extension ServerStatus: CustomStringConvertible {
    var description: String {
        switch self {
        case .loading(let share): return "Loading the model, \(Int(share * 100)) % done"
        case .ending: return "Ending"
        case .serving(let engine):
            let used = engine.totalBlocks - engine.freeBlocks - engine.idleBlocks
            return "Serving: \(engine.running) running, \(engine.waiting) waiting, "
                + "\(used * 100 / max(1, engine.totalBlocks)) % of K/V memory in use"
        }
    }
}
