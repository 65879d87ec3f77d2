import Telemetry
import Testing

struct ProcessMetricsTests {
    @Test func `has a number under each of the usual names`() {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let lines = registry.page().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines.map { $0.prefix { $0 != " " } } == [
                "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_cpu_seconds_total",
                "process_start_time_seconds", "process_open_fds", "process_max_fds",
            ])
        for line in lines {
            #expect(line.split(separator: " ").last.flatMap { Double($0) }.map { $0 > 0 } == true, "\(line)")
        }
        #expect(registry.page().contains("# TYPE process_cpu_seconds_total counter"))
    }

    @Test func `seconds add up`() {
        let registry = MetricsRegistry()
        let seconds = registry.seconds("busy_seconds_total", "Busy.")
        seconds.add(.milliseconds(1500))
        seconds.add(.microseconds(250))
        #expect(registry.page().hasSuffix("# TYPE busy_seconds_total counter\nbusy_seconds_total 1.50025\n"))
    }
}
