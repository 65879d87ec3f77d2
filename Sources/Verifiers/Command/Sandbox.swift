import Dispatch
import Glibc
import Transport

/// Runs a command cut off from the machine: in namespaces of its own, unprivileged, without network, on a read-only file
/// system with a temporary folder, within limits. What CSandbox does in a process of its own, started here.
package struct Sandbox: Sendable {
    /// The word behind the program's name that makes it `sandbox_main`.
    package static let word = "sandbox"

    /// The program that runs `sandbox_main`: this one. A test's is another.
    let program: String

    package init(program: String = "/proc/self/exe") { self.program = program }

    /// Runs the command to its end, or to that of the time limit or the task.
    func run(_ settings: CommandSettings, input: [UInt8]) async throws(VerifierFailure) -> SandboxAnswer {
        let (socket, process) = try start(settings, inputSize: input.count)
        let answer = await answer(from: socket, to: input, by: .now + settings.time + Self.grace)
        // With the socket closed the process ends, and with it all that the command started; unless it hangs itself.
        socket.close()
        if case .failure = answer { kill(process, SIGKILL) }
        await Self.wait(for: process)
        return try answer.get()
    }

    /// For setting up and clearing away; the limit itself is kept by the sandbox.
    private static let grace = Duration.seconds(10)

    private func answer(
        from socket: SocketStream, to input: [UInt8], by deadline: ContinuousClock.Instant
    ) async -> Result<SandboxAnswer, VerifierFailure> {
        var bytes: [UInt8] = []
        do throws(TransportError) {
            try await socket.write(input)
            while true {
                let piece = try await socket.read(deadline: deadline)
                if piece.isEmpty { break }
                bytes += piece
            }
        } catch {
            switch error {
            case .cancelled: return .failure(.cancelled)
            case .timedOut: return .failure(.timedOut)
            default: return .failure(.couldNotStart("the sandbox ended: \(error)"))
            }
        }
        guard let answer = SandboxAnswer(bytes) else { return .failure(.couldNotStart("the sandbox gave no answer.")) }
        return .success(answer)
    }

    private func start(
        _ settings: CommandSettings, inputSize: Int
    ) throws(VerifierFailure) -> (SocketStream, pid_t) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Self.failure("socketpair", errno) }
        defer { close(ends[1]) }
        let socket = SocketStream(descriptor: ends[0], peer: "sandbox")
        return (socket, try spawn(Self.arguments(settings, inputSize: inputSize), input: ends[1]))
    }

    private static func arguments(_ settings: CommandSettings, inputSize: Int) -> [String] {
        // What the command names is there for it; the rest of the machine is not.
        let paths = settings.paths + settings.command.filter { $0.hasPrefix("/") && access($0, F_OK) == 0 }
        let numbers = [
            max(1, Int(settings.time / .milliseconds(1))), settings.cpuSeconds, settings.memory, settings.processes,
            settings.output, inputSize, paths.count,
        ]
        return ["drover", word] + numbers.map(String.init) + paths + settings.command
    }

    /// posix_spawn copies nothing of the server's memory, and is safe beside its threads.
    private func spawn(_ arguments: [String], input: Int32) throws(VerifierFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Where the Swift runtime is; all else of the environment is not for the command.
        let environment = getenv("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=" + String(cString: $0)] } ?? []
        var process: pid_t = 0
        let outcome = Self.withCStrings(arguments) { arguments in
            Self.withCStrings(environment) { posix_spawn(&process, program, &actions, &attributes, arguments, $0) }
        }
        guard outcome == 0 else { throw Self.failure(program, outcome) }
        return process
    }

    /// Calls `body` with an array of C strings that ends with nil.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }

    private static func failure(_ what: String, _ number: Int32) -> VerifierFailure {
        .couldNotStart("\(what): \(String(cString: strerror(number)))")
    }

    private static func wait(for process: pid_t) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                while waitpid(process, nil, 0) < 0, errno == EINTR {}
                continuation.resume()
            }
        }
    }
}
