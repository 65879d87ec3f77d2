import ArgumentParser
import Logging
import Telemetry
import UnixSignals

/// Runs the server until SIGTERM or SIGINT. SIGHUP reads API keys and certificates again.
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
        let settings = try await ServeSettings(options)
        let logger = Logger(label: "drover", level: settings.logLevel, format: settings.logFormat)
        let server = try DroverServer(settings: settings, logger: logger)
        logger.info("listening", metadata: ["url": "\(server.url)"])
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                for await signal in signals {
                    if signal == .sighup {
                        server.reload()
                        continue
                    }
                    logger.info("stopping", metadata: ["signal": "\(signal)"])
                    return await server.stop()
                }
            }
            // Serving ends after `stop`, or by an error; the wait for signals is then over too.
            try await group.next()
            try await group.next()
        }
        logger.info("stopped")
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
