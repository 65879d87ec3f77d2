import Synchronization
package import Telemetry

/// The HTTP families of the metrics page. Labels take few values: route patterns, known methods, status codes.
package final class HTTPMetrics: Sendable {
    private struct Route: Hashable {
        let handler: String
        let method: String
    }

    /// The series of one route.
    private struct Series: Sendable {
        let duration: Histogram
        let requestSize: Histogram
        let responseSize: Histogram
        var requests: [Int: Counter] = [:]
    }

    private let registry: MetricsRegistry
    private let connectionGauge: Gauge
    private let cancelled: Counter
    private let routes = Mutex<[Route: Series]>([:])

    /// nginx's "client closed request": an answer to it may still have been written, where the client hung up politely.
    private static let cancelledStatus = 499
    private static let secondBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
    private static let byteBounds = (4...12).map { Double(1 << (2 * $0)) }

    package init(_ registry: MetricsRegistry) {
        self.registry = registry
        connectionGauge = registry.gauge("http_connections", "Open HTTP connections")
        cancelled = registry.counter(
            "http_requests_cancelled_total", "Requests whose client left before the end, or that were cancelled")
    }

    func setConnections(_ count: Int) { connectionGauge.set(Double(count)) }

    func observe(_ record: AccessRecord) {
        let route = Route(handler: record.handler, method: record.method)
        let (series, requests) = routes.withLock { routes in
            if let series = routes[route], let requests = series.requests[record.status] { return (series, requests) }
            var series = routes[route] ?? makeSeries(route)
            let requests = makeCounter(route, status: record.status)
            series.requests[record.status] = requests
            routes[route] = series
            return (series, requests)
        }
        requests.add()
        series.duration.observe(record.duration)
        series.requestSize.observe(Double(record.requestBytes))
        series.responseSize.observe(Double(record.bytes))
        if !record.isComplete || record.status == Self.cancelledStatus { cancelled.add() }
    }

    private func makeSeries(_ route: Route) -> Series {
        let labels = Labels(["handler": route.handler, "method": route.method])
        return Series(
            duration: registry.histogram(
                "http_request_duration_seconds", "Time from the first byte of a request to the last of its response",
                labels: labels, bounds: Self.secondBounds),
            requestSize: registry.histogram(
                "http_request_size_bytes", "Bytes of request bodies", labels: labels, bounds: Self.byteBounds),
            responseSize: registry.histogram(
                "http_response_size_bytes", "Bytes of response bodies", labels: labels, bounds: Self.byteBounds))
    }

    private func makeCounter(_ route: Route, status: Int) -> Counter {
        registry.counter(
            "http_requests_total", "HTTP requests by route, method and status",
            labels: Labels(["handler": route.handler, "method": route.method, "status": "\(status)"]))
    }
}
