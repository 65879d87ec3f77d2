import Engine
import HTTP
import Jobs
import Language
import Logging
import Model
import Service
import Telemetry
import Transport
import Verifiers

/// The whole server, wired: sockets, service, engine. Used by `serve`, and by `chat` on a port of its own.
final class DroverServer: Sendable {
    private let settings: ServeSettings
    private let logger: Logger
    private let metrics = MetricsRegistry()
    private let state: ServiceState
    private let access: ServerAccess
    private let tls: ServerTLS?
    private let reloadFailures: Counter
    private let listeners: [Listener]
    /// Whether the service manager holds the sockets too, and connections may wait there for the next process.
    private let handsOver: Bool
    private let server: HTTPServer
    /// What answers the lines of batches: its own, and those of a command in this process.
    let batchLines: BatchEndpointTable
    /// Nil without a folder for it.
    private let jobs: JobService?

    /// Reads keys and certificates and opens the sockets, so that what is wrong is known before a model is read.
    ///
    /// - Parameters:
    ///   - asksForKeys: whether the settings about keys and TLS count.
    ///   - manager: where `hand-over` leaves the sockets.
    init(
        settings: ServeSettings, logger: Logger, asksForKeys: Bool = true, inherited: InheritedSockets = .none,
        manager: ServiceManager? = nil
    ) throws {
        // Before the listeners and the connections have threads: one for whose stack there is no room is missing without a
        // word, and the start would wait for it for ever.
        try HostLimits.checkAddresses()
        self.settings = settings
        self.logger = logger
        ProcessMetrics.register(in: metrics)
        metrics.gauge(
            "drover_build_info", "1, with the version as a label.", labels: Labels(["version": Version.text])
        ).set(1)
        metrics.reading(
            "drover_log_dropped_lines_total", "Lines of the log that nobody took in time.", isCounter: true
        ) { Double(LogOutput.standardError.droppedLines) }
        reloadFailures = metrics.counter(
            "drover_reload_failures_total",
            "Times that a changed file of keys or certificates was refused and the old ones were kept.")
        let files = asksForKeys ? settings.tls : nil
        tls = try files.map { [metrics] in try ServerTLS($0, metrics: metrics, logger: logger) }
        access = try ServerAccess(asksForKeys ? settings : nil, metrics: metrics, logger: logger)
        let sockets = try ServerSockets(settings, inherited: inherited)
        listeners = sockets.all.map { socket in
            Listener(socket) { error in
                logger.warning("accepting rests for a moment", metadata: ["error": "\(error)"])
            }
        }
        let endpoints = listeners.map(\.endpoint)
        let verifiers = try VerifierRoster(
            settings.verification.verifiers, limit: settings.maxVerifiers, metrics: metrics)
        let judges = JudgeRoster(settings.verification.judges)
        let folder = try asksForKeys ? Self.folder(settings) : nil
        let archive = try folder?.responses(settings.responseLimits) ?? ResponseArchive(settings.responseLimits)
        let state = ServiceState(responses: ResponseDesk(archive: archive, logger: logger))
        self.state = state
        let table = BatchEndpointTable(
            state: state, access: access.control, verifiers: verifiers, judges: judges)
        batchLines = table
        jobs = folder.map {
            JobService(folder: $0, table: table, limits: BatchLimits(concurrency: settings.batchConcurrency))
        }
        let service = APIService(
            state: state, metrics: metrics, logger: logger, access: access.control, version: Version.text,
            verifiers: verifiers, judges: judges, hosts: Self.hosts(settings, endpoints, isOpen: !access.asksForKeys),
            origins: OriginPolicy(origins: settings.corsOrigins), jobs: jobs)
        if asksForKeys {
            try settings.checkOpenRoutes(service.router)
            if let exposure = try settings.checkExposure(of: endpoints) {
                logger.warning("\(exposure.warning)", metadata: ["address": "\(exposure.endpoint)"])
            }
        }
        var limits = ServerSettings()
        limits.proxies = settings.trustedProxies
        limits.limits.upload = APIService.uploadLimit
        limits.readsProxyHeader = settings.proxyProtocol
        limits.connections = DescriptorLimit.connections(upTo: limits.connections)
        server = HTTPServer(
            responder: service.responder, errorBody: APIService.errorBody, settings: limits,
            metrics: HTTPMetrics(metrics), onRequest: { Self.log($0, to: logger) })
        handsOver = sockets.areActivated || settings.handOver && manager?.isThere == true
        guard handsOver else { return }
        listeners.forEach { $0.keepFile() }
        if !sockets.areActivated, let manager { listeners.forEach(manager.store) }
    }

    /// Where only this machine gets, and no key is asked for, a name of somebody else's can only come from a web page
    /// of his. Elsewhere the server cannot know all its names.
    private static func hosts(_ settings: ServeSettings, _ endpoints: [Endpoint], isOpen: Bool) -> HostPolicy {
        let isLocal = endpoints.allSatisfy(\.isLocal)
        guard !settings.allowedHosts.isEmpty || isLocal && isOpen else { return .any }
        let bound = endpoints.compactMap { endpoint in
            if case .internet(let host, _) = endpoint { host } else { nil }
        }
        return .loopback(and: settings.allowedHosts + bound)
    }

    private static func folder(_ settings: ServeSettings) throws -> StateFolder? {
        try settings.stateDir.map { try StateFolder(path: $0, quota: settings.keyFilesBytes.bytes) }
    }

    /// Until the task is cancelled.
    private func runBatches() async {
        guard let jobs else { return }
        let trouble = LastingTrouble(
            "files and batches wait for the disk", over: "files and batches go on", logger: logger)
        await jobs.desk.run {
            await Alarm.wait(until: .now + .seconds(10))
        } onRound: { error in
            if let error { trouble.note(error) } else { trouble.clear() }
        }
    }

    /// Reads keys and certificates again.
    func reload() {
        access.reload(failures: reloadFailures)
        tls?.reload(failures: reloadFailures)
    }

    /// Where it listens.
    var endpoints: [Endpoint] { listeners.map(\.endpoint) }

    /// For clients in this process.
    var url: String { "\(tls == nil ? "http" : "https")://\(endpoints.first?.description ?? "")" }

    /// Answers health checks at once and requests once the model is loaded, until `stop` has been called.
    ///
    /// - Parameter onReady: called when requests are taken.
    func run(onReady: @escaping @Sendable () -> Void = {}) async throws {
        // Before the first upload comes.
        try await jobs?.folder.files.removeOrphans()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await Self.keepTimers()
                return false
            }
            group.addTask {
                try await self.server.run(self.listeners) { [tls = self.tls] stream, endpoint in
                    // Behind a Unix socket is this machine, and whoever may open the file.
                    if case .unix = endpoint { return stream }
                    return tls?.secure(stream) ?? stream
                }
                return true
            }
            group.addTask {
                do {
                    try await self.load()
                } catch is CancellationError {
                    return false
                }
                onReady()
                await self.runBatches()
                return false
            }
            group.addTask {
                await self.access.writeUsage()
                return false
            }
            group.addTask {
                while !Task.isCancelled {
                    await self.state.responses.tidy()
                    await Alarm.wait(until: .now + .seconds(300))
                }
                return false
            }
            // Not `waitForAll`, which would wait for the sockets when loading has failed.
            while let isOver = try await group.next() {
                if isOver { group.cancelAll() }
            }
        }
    }

    /// Dispatch has a timerfd for each clock while a timer waits on it, and ends the process when no descriptor is left
    /// for one that it needs: so a timer of each clock that is slept on waits as long as the server runs.
    private static func keepTimers() async {
        let long = Duration.seconds(10 * 365 * 86_400)
        async let one: Void? = try? Task.sleep(for: long, clock: .continuous)
        async let other: Void? = try? Task.sleep(for: long, clock: .suspending)
        _ = await (one, other)
    }

    /// Lets running requests finish while it refuses new ones with 503, then closes the sockets. Where those outlive the
    /// process nothing is refused: they close first, and who connects waits for the next process.
    func stop() async {
        let grace = Duration.seconds(settings.drainTimeout)
        logger.info("draining", metadata: ["grace": "\(settings.drainTimeout) s"])
        let deadline = ContinuousClock.now + grace
        // What is half done in a batch is done again by the next process; clients who wait are not kept for it.
        await jobs?.desk.close()
        if handsOver {
            server.drain(grace: grace + Self.farewell)
            // What was accepted just before has not sent its request yet.
            await Alarm.wait(until: .now + HTTPServer.firstRequestGrace)
        }
        state.beginDraining()
        await state.engine?.drain(until: deadline)
        server.drain(grace: Self.farewell)
    }

    /// Closes the sockets at once, for a process that is about to end.
    func abandon() { listeners.forEach { $0.close() } }

    /// For the last bytes of answers.
    private static let farewell = Duration.seconds(5)

    /// How it goes, in words; what a service manager shows.
    var status: ServerStatus { ServerStatus(state) }

    private func load() async throws {
        let loader = ModelLoader(settings: settings, logger: logger, metrics: metrics) { [state] in
            state.advance(to: $0)
        }
        let model = try await loader.load()
        // Until the engine's thread has answered once, it is not known to run.
        _ = await model.engine.progress()
        state.becomeReady(model)
        logger.info(
            "ready", metadata: ["url": "\(url)", "model": "\(model.id)"])
    }

    /// One line a request, with what its handler noted; what monitors ask every few seconds is of interest to nobody.
    private static func log(_ record: AccessRecord, to logger: Logger) {
        let isProbe = record.handler.hasSuffix("/metrics") || record.handler.contains("/health")
        let level: Logger.Level = isProbe ? .debug : .info
        // The fields of a line that nobody gets would cost more than the answer to a probe.
        guard level >= logger.logLevel else { return }
        var fields: Logger.Metadata = [
            "id": "\(record.id)", "method": "\(record.method)", "target": "\(record.target)",
            "endpoint": "\(record.handler)", "status": .stringConvertible(record.status), "peer": "\(record.peer)",
            "duration_ms": .stringConvertible((record.duration / .milliseconds(1) * 100).rounded() / 100),
            "bytes": .stringConvertible(record.bytes), "request_bytes": .stringConvertible(record.requestBytes),
        ]
        if !record.isComplete { fields["complete"] = .stringConvertible(false) }
        for (name, value) in record.notes { fields[name] = .stringConvertible(value) }
        logger.log(level: level, "request", metadata: fields)
    }
}
