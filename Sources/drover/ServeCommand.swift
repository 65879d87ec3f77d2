import ArgumentParser
import CMalloc
import Foundation
import Glibc
import Logging
import Model
import Telemetry
import UnixSignals

/// Runs the server until SIGTERM or SIGINT; a second of them ends it at once. SIGHUP reads API keys and certificates
/// again.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a model over HTTP.",
        discussion: """
            Each option may also be set by a variable, DROVER_CONTEXT_LENGTH=8192 for --context-length, or in a YAML \
            file given by --config or DROVER_CONFIG. Flags win over variables, variables over the file.
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        // A log or a TLS write whose reader has left is an error there; a stray signal of a log rotation is nothing.
        for number in [SIGPIPE, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
        // Each thread that Dispatch adds would get an arena of its own, up to eight a core, and keep 1 to 2 MB in it.
        mallopt(M_ARENA_MAX, Int32(clamping: HostLimits.coreCount))
        let settings = try await ServeSettings(options)
        let logger = Logger(label: "drover", level: settings.logLevel, format: settings.logFormat)
        let environment = ProcessInfo.processInfo.environment
        let manager = ServiceManager(environment: environment, logger: logger)
        let server = try DroverServer(
            settings: settings, logger: logger,
            inherited: InheritedSockets(environment: environment, process: getpid()), manager: manager)
        for endpoint in server.endpoints { logger.info("listening", metadata: ["address": "\(endpoint)"]) }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await server.run { manager.ready("\(server.status)") }
                return true
            }
            group.addTask {
                await StatusReporter(manager: manager, server: server).run()
                return false
            }
            group.addTask {
                await HeapTrimmer.run()
                return false
            }
            group.addTask {
                await obey(signals, server, manager, logger)
                return false
            }
            // Serving ends after `stop`, or by an error. The reporter ends at once where there is nobody to report to.
            for try await isServed in group where isServed { group.cancelAll() }
        }
        logger.info("stopped")
    }

    /// SIGTERM and SIGINT let what runs finish, the second of them does not.
    private func obey(
        _ signals: UnixSignalsSequence, _ server: DroverServer, _ manager: ServiceManager, _ logger: Logger
    ) async {
        await withDiscardingTaskGroup { group in
            var isStopping = false
            for await signal in signals {
                switch signal {
                case .sighup where !isStopping:
                    manager.reloading()
                    server.reload()
                    manager.ready("\(server.status)")
                case .sighup: break
                case _ where isStopping:
                    logger.warning("ending at once", metadata: ["signal": "\(signal)"])
                    server.abandon()
                    Foundation.exit(signal == .sigint ? 130 : 143)
                default:
                    isStopping = true
                    logger.info("stopping", metadata: ["signal": "\(signal)"])
                    manager.stopping()
                    group.addTask { await server.stop() }
                }
            }
        }
    }
}

extension Logger {
    init(label: String, level: LogLevelName, format: LogFormat = .text) {
        self.init(label: label) { LineLogHandler(label: $0, level: Logger.Level(level), format: format) }
    }
}

extension Logger.Level {
    fileprivate init(_ name: LogLevelName) {
        self =
            switch name {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
    }
}
