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
    private let access: ServerAccess
    private let tls: ServerTLS?
    private let reloadFailures: Counter
    private let listener: Listener
    private let server: HTTPServer

    /// Reads keys and certificates and binds the port, so that what is wrong is known before a model is read.
    ///
    /// - Parameter asksForKeys: whether the settings about keys and TLS count.
    init(settings: ServeSettings, logger: Logger, asksForKeys: Bool = true) throws {
        self.settings = settings
        self.logger = logger
        ProcessMetrics.register(in: metrics)
        metrics.gauge(
            "drover_build_info", "1, with the version as a label.", labels: Labels(["version": Version.text])
        ).set(1)
        listener = try Listener(host: settings.host, port: settings.port) { error in
            logger.warning("accepting rests for a moment", metadata: ["error": "\(error)"])
        }
        reloadFailures = metrics.counter(
            "drover_reload_failures_total",
            "Times that a changed file of keys or certificates was refused and the old ones were kept.")
        let files = asksForKeys ? settings.tls : nil
        tls = try files.map { [metrics] in try ServerTLS($0, metrics: metrics, logger: logger) }
        access = try ServerAccess(asksForKeys ? settings : nil, metrics: metrics, logger: logger)
        let service = APIService(
            state: state, metrics: metrics, logger: logger, access: access.control, version: Version.text)
        try access.checkOpenRoutes(service.router)
        try access.checkExposure(of: listener.host, tls: tls)
        server = HTTPServer(
            responder: service.responder,
            errorBody: APIService.errorBody,
            metrics: HTTPMetrics(metrics), onRequest: { Self.log($0, to: logger) })
    }

    /// Reads keys and certificates again.
    func reload() {
        access.reload(failures: reloadFailures)
        tls?.reload(failures: reloadFailures)
    }

    var url: String {
        let host = listener.host.contains(":") ? "[\(listener.host)]" : listener.host
        return "\(tls == nil ? "http" : "https")://\(host):\(listener.port)"
    }

    /// Answers health checks at once and requests once the model is loaded, until `stop` has been called.
    ///
    /// - Parameter onReady: called when requests are taken.
    func run(onReady: @escaping @Sendable () -> Void = {}) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.server.run([self.listener]) { [tls = self.tls] in tls?.secure($0) ?? $0 }
                return true
            }
            group.addTask {
                try await self.load()
                onReady()
                return false
            }
            group.addTask {
                await self.access.writeUsage()
                return false
            }
            // Not `waitForAll`, which would wait for the sockets when loading has failed.
            while let isOver = try await group.next() {
                if isOver { group.cancelAll() }
            }
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
