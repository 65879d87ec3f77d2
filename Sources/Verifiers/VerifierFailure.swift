/// What kept a verifier from a decision. The limits are those of its settings.
package enum VerifierFailure: Error, Equatable, Sendable {
    /// Its own limit was over.
    case timedOut
    /// The time of the request that asked was over, before that limit.
    case deadline
    /// CPU time, where that is less than the time limit.
    case cpuTime
    case memory
    case processes
    case output
    /// A command opened an internet socket.
    case network
    case crashed(signal: Int32)
    /// A command ended with a code other than 0 and 1, a callback with a status other than 200.
    case exited(code: Int)
    /// What it wrote is no verdict.
    case malformed(String)
    /// Nothing was run: no namespaces, no such program, no connection.
    case couldNotStart(String)
    case cancelled

    /// As answers and tables have it.
    package var name: String {
        switch self {
        case .timedOut: "timed_out"
        case .deadline: "deadline"
        case .cpuTime: "cpu_time"
        case .memory: "memory"
        case .processes: "processes"
        case .output: "output"
        case .network: "network"
        case .crashed: "crashed"
        case .exited: "exited"
        case .malformed: "malformed"
        case .couldNotStart: "could_not_start"
        case .cancelled: "cancelled"
        }
    }
}

extension VerifierFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timedOut: "It took longer than it may."
        case .deadline: "The time of the request was over before it had decided."
        case .cpuTime: "It used more CPU time than it may."
        case .memory: "It used more memory than it may."
        case .processes: "It started more processes than it may."
        case .output: "It wrote more than it may."
        case .network: "It opened an internet socket, and there is no network."
        case .crashed(let signal): "It was ended by signal \(signal)."
        case .exited(let code): "It ended with \(code)."
        case .malformed(let what): "What it answered is no verdict: \(what)."
        case .couldNotStart(let why): "It could not be started: \(why)"
        case .cancelled: "Nobody waits for it any more."
        }
    }
}
