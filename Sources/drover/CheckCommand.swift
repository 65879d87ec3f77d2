import ArgumentParser
import Engine
import Foundation
import Jobs
import Language
import Logging
import Model
import Service
import Telemetry
import Transport
import Verifiers

/// Says what `drover serve` would do with the same settings, and everything that would keep it from that.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the settings of serve, without serving.",
        discussion: """
            Takes the options of serve. Looks at the settings, the files and folders that they name, the memory that \
            the model needs and the addresses to listen on; loads no weights. Exit code 1 if anything is wrong.
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let settings: ServeSettings
        do {
            settings = try await ServeSettings(options)
        } catch {
            Self.report("settings", .failure(error))
            throw ExitCode.failure
        }
        Self.report("settings", .success("read\(options.config.map { ", with those of \($0)" } ?? "")"))
        var isRight = true
        for part in Self.parts {
            do {
                Self.report(part.name, .success(try await part.check(settings)))
            } catch {
                Self.report(part.name, .failure(error))
                isRight = false
            }
        }
        guard isRight else { throw ExitCode.failure }
    }

    private static func report(_ name: String, _ outcome: Result<String, any Error>) {
        let (word, text) =
            switch outcome {
            case .success(let text): ("ok", text)
            case .failure(let error): ("error", "\(error)")
            }
        let mark = word.padding(toLength: 6, withPad: " ", startingAt: 0)
        for line in text.split(separator: "\n") { print("\(mark)\(name): \(line)") }
    }

    private static let parts: [(name: String, check: @Sendable (ServeSettings) async throws -> String)] = [
        ("model", model), ("keys", keys), ("tls", certificates), ("addresses", addresses),
        ("cache-dir", cacheDirectory), ("usage-dir", usageDirectory), ("state-dir", stateDirectory),
        ("responses", responses), ("verifiers", verifiers),
    ]

    /// The files, the tokenizer, the template, and whether memory suffices.
    @Sendable private static func model(_ settings: ServeSettings) throws -> String {
        try HostLimits.checkAddresses()
        let checkpoint = try ModelSource(path: settings.model).open()
        let text = try TextModel(checkpoint.text, templateFile: settings.chatTemplate)
        let draft = try settings.draftModel.map {
            try DraftModel(path: $0, for: checkpoint, text.tokenizer.vocabulary, settings)
        }
        let plan = try MemoryPlan(
            checkpoint: checkpoint, settings: settings.runtime,
            availableBytes: HostLimits.availableMemory - (draft?.plan.bytes ?? 0))
        let problem = text.templateProblem.map { "\n\($0)" } ?? ""
        return "would be served as \(settings.alias ?? checkpoint.name)\n\(plan)\(problem)"
    }

    @Sendable private static func keys(_ settings: ServeSettings) throws -> String {
        guard let path = settings.apiKeyFile else { return "none are asked for" }
        return "\(try KeyFile(path: path).read().count) in \(path)"
    }

    @Sendable private static func certificates(_ settings: ServeSettings) throws -> String {
        guard let files = settings.tls else { return "none: HTTP without TLS" }
        let certificate = try ServerTLS.context(of: files).certificate
        let warnings = certificate?.warnings.map { "\nclients may refuse the certificate: \($0)" }.joined() ?? ""
        return "\(certificate?.subject ?? "a certificate") in \(files.certificate)\(warnings)"
    }

    /// Opens and closes the sockets. A server that runs is in the way, as it would be in that of another.
    @Sendable private static func addresses(_ settings: ServeSettings) throws -> String {
        let sockets = try ServerSockets(settings)
        defer { sockets.all.forEach { $0.discard() } }
        let metrics = MetricsRegistry()
        let logger = Logger(label: "drover", level: .error)
        let responses = ResponseDesk(archive: try ResponseArchive(settings.responseLimits), logger: logger)
        let service = APIService(
            state: ServiceState(responses: responses), metrics: metrics, logger: logger,
            access: AccessControl(ring: nil, metrics: metrics), version: Version.text)
        try settings.checkOpenRoutes(service.router)
        let exposure = try settings.checkExposure(of: sockets.all.map(\.endpoint))
        let warning = exposure.map { "\n\($0.warning): \($0.endpoint)" } ?? ""
        return sockets.all.map { "would listen on \($0.endpoint)" }.joined(separator: "\n") + warning
    }

    @Sendable private static func cacheDirectory(_ settings: ServeSettings) throws -> String {
        guard let path = settings.cacheDir else { return "none: prefixes do not outlive the process" }
        try checkFolder(path)
        return "\(path), at most \(settings.cacheDiskBytes)"
    }

    @Sendable private static func usageDirectory(_ settings: ServeSettings) throws -> String {
        guard let path = settings.usageDir else { return "none: tokens a day are counted from the start" }
        try checkFolder(path)
        return path
    }

    /// Each command is there, and something can be run in its sandbox here.
    @Sendable private static func verifiers(_ settings: ServeSettings) async throws -> String {
        let verifiers = settings.verification.verifiers.sorted { $0.key < $1.key }
        for case (let name, .command(let command)) in verifiers {
            if let failure = await CommandVerifier(name: name, settings: command).trial() {
                throw ValidationError("\(name): \(failure)")
            }
        }
        return verifiers.isEmpty ? "none but those built in" : verifiers.map(\.key).joined(separator: ", ")
    }

    @Sendable private static func stateDirectory(_ settings: ServeSettings) throws -> String {
        guard let path = settings.stateDir else {
            return "none is set: no files and batches, unless a systemd unit gives one (StateDirectory=)"
        }
        try checkFolder(path)
        return "\(path), files of a key at most \(settings.keyFilesBytes)"
    }

    @Sendable private static func responses(_ settings: ServeSettings) throws -> String {
        let place = settings.stateDir.map { "in \($0)" } ?? "in memory without a state-dir: a restart forgets them"
        return "stored for \(settings.responsesDays) days, at most \(settings.responsesBytes), \(place)"
    }

    /// One that is there can be written to; one that is not can be made.
    private static func checkFolder(_ path: String) throws {
        var folder = URL(filePath: path)
        while access(folder.path, F_OK) != 0, folder.path != "/" { folder.deleteLastPathComponent() }
        guard access(folder.path, W_OK | X_OK) == 0 else {
            throw ValidationError("\(folder.path) cannot be written to: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard stat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("\(folder.path) is no folder")
        }
    }
}
