/// What the operator says about a verifier.
package enum VerifierSettings: Sendable, Equatable {
    case command(CommandSettings)
    case callback(CallbackSettings)
}

/// A command that is run for each candidate, cut off from the machine.
package struct CommandSettings: Sendable, Equatable {
    /// The program and its arguments. Those that are absolute paths are seen inside, read only.
    package var command: [String]
    /// More that is seen inside, read only; absolute.
    package var paths: [String]
    package var time: Duration
    /// Of each process, in seconds.
    package var cpuSeconds: Int
    /// Bytes of all processes together, and again of the temporary folder.
    package var memory: Int
    /// Processes and threads at the same time.
    package var processes: Int
    /// Bytes of both standard streams together.
    package var output: Int

    /// - Parameter cpuSeconds: nil for the time limit.
    package init(
        command: [String], paths: [String] = [], time: Duration = .seconds(10), cpuSeconds: Int? = nil,
        memory: Int = 512 << 20, processes: Int = 32, output: Int = 64 << 10
    ) {
        self.command = command
        self.paths = paths
        self.time = time
        self.cpuSeconds = cpuSeconds ?? max(1, Int((time / .seconds(1)).rounded(.up)))
        self.memory = memory
        self.processes = processes
        self.output = output
    }
}

/// A server that decides: the candidate is posted to it.
package struct CallbackSettings: Sendable, Equatable {
    package var url: String
    package var timeout: Duration

    package init(url: String, timeout: Duration = .seconds(10)) {
        self.url = url
        self.timeout = timeout
    }
}
