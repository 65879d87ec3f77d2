import Synchronization
package import Telemetry

/// The HTTP families of the metrics page. Labels take few values: route patterns, known methods, status codes.
package final class HTTPMetrics: Sendable {
    private struct Key: Hashable {
        let handler: String
        let method: String
        let status: Int
    }

    private let registry: MetricsRegistry
    private let connectionGauge: Gauge
    private let cancelled: Counter
    private let requests = Mutex<[Key: Counter]>([:])
    private let durations = Mutex<[String: Histogram]>([:])

    private static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

    package init(_ registry: MetricsRegistry) {
        self.registry = registry
        connectionGauge = registry.gauge("http_connections", "Open HTTP connections")
        cancelled = registry.counter("http_requests_cancelled_total", "Requests whose client left before the end")
    }

    func setConnections(_ count: Int) { connectionGauge.set(Double(count)) }

    func observe(_ record: AccessRecord) {
        let key = Key(handler: record.handler, method: record.method, status: record.status)
        requests.withLock { requests in
            if let known = requests[key] { return known }
            let counter = registry.counter(
                "http_requests_total", "HTTP requests by route, method and status",
                labels: Labels(["handler": key.handler, "method": key.method, "status": "\(key.status)"]))
            requests[key] = counter
            return counter
        }.add()
        durations.withLock { durations in
            if let known = durations[record.handler] { return known }
            let histogram = registry.histogram(
                "http_request_duration_seconds", "Time from the first byte of a request to the last of its response",
                labels: Labels(["handler": record.handler]), bounds: Self.bounds)
            durations[record.handler] = histogram
            return histogram
        }.observe(record.duration)
        if !record.isComplete { cancelled.add() }
    }
}
