import Engine
import HTTP
import Language
import Logging
import Model
import Service
import Telemetry
import Transport

/// The whole server, wired: sockets, service, engine. Used by `serve`, and by `chat` on a port of its own.
final class DroverServer: Sendable {
    private let settings: ServeSettings
    private let logger: Logger
    private let metrics = MetricsRegistry()
    private let state = ServiceState()
    private let listener: Listener
    private let server: HTTPServer

    /// Binds the port, so that a wrong one is known before a model is read.
    init(settings: ServeSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        ProcessMetrics.register(in: metrics)
        metrics.gauge(
            "drover_build_info", "1, with the version as a label.", labels: Labels(["version": Version.text])
        ).set(1)
        listener = try Listener(host: settings.host, port: settings.port) { error in
            logger.warning("accepting rests for a moment", metadata: ["error": "\(error)"])
        }
        server = HTTPServer(
            responder: APIService(state: state, metrics: metrics, logger: logger).router,
            errorBody: APIService.errorBody,
            metrics: HTTPMetrics(metrics), onRequest: { Self.log($0, to: logger) })
    }

    /// Until there are keys, whoever can reach the port can use it.
    func warnIfExposed() {
        guard !listener.host.hasPrefix("127."), listener.host != "::1" else { return }
        logger.warning("listening beyond this machine without access control", metadata: ["host": "\(listener.host)"])
    }

    var url: String { "http://\(listener.host.contains(":") ? "[\(listener.host)]" : listener.host):\(listener.port)" }

    /// Answers health checks at once and requests once the model is loaded, until `stop` has been called.
    ///
    /// - Parameter onReady: called when requests are taken.
    func run(onReady: @escaping @Sendable () -> Void = {}) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.server.run([self.listener]) }
            group.addTask {
                try await self.load()
                onReady()
            }
            // Not `waitForAll`, which would wait for the sockets when loading has failed.
            while try await group.next() != nil {}
        }
    }

    /// Refuses new work with 503 while running requests finish, then closes the sockets.
    func stop() async {
        state.beginDraining()
        let grace = Duration.seconds(settings.drainTimeout)
        logger.info("draining", metadata: ["grace": "\(settings.drainTimeout) s"])
        await state.engine?.drain(until: .now + grace)
        server.drain(grace: .seconds(5))
    }

    private func load() async throws {
        let loader = ModelLoader(settings: settings, logger: logger, metrics: metrics)
        let model = try await loader.load()
        state.becomeReady(model)
        logger.info("ready", metadata: ["url": "\(url)", "model": "\(model.id)"])
    }

    /// One line a request, with what its handler noted; what monitors ask every few seconds is of interest to nobody.
    private static func log(_ record: AccessRecord, to logger: Logger) {
        let isProbe = record.handler.hasSuffix("/metrics") || record.handler.contains("/health")
        var fields: Logger.Metadata = [
            "id": "\(record.id)", "method": "\(record.method)", "target": "\(record.target)",
            "endpoint": "\(record.handler)", "status": .stringConvertible(record.status), "peer": "\(record.peer)",
            "duration_ms": .stringConvertible((record.duration / .milliseconds(1) * 100).rounded() / 100),
            "bytes": .stringConvertible(record.bytes),
        ]
        if !record.isComplete { fields["complete"] = .stringConvertible(false) }
        for (name, value) in record.notes { fields[name] = .stringConvertible(value) }
        logger.log(level: isProbe ? .debug : .info, "request", metadata: fields)
    }
}
