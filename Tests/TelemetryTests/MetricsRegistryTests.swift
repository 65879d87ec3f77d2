import Telemetry
import Testing

struct MetricsRegistryTests {
    @Test func `renders every kind with help and type`() {
        let registry = MetricsRegistry()
        registry.counter("requests_total", "Requests.", labels: Labels(["code": "200"])).add(2)
        registry.counter("requests_total", "Requests.", labels: Labels(["code": "400"])).add()
        registry.gauge("free", "Free.").set(0.5)
        let histogram = registry.histogram("wait_seconds", "Wait.", bounds: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 3] { histogram.observe(value) }
        #expect(
            registry.page() == """
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{code="200"} 2
                requests_total{code="400"} 1
                # HELP free Free.
                # TYPE free gauge
                free 0.5
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.1"} 2
                wait_seconds_bucket{le="1.0"} 3
                wait_seconds_bucket{le="+Inf"} 4
                wait_seconds_sum 3.65
                wait_seconds_count 4

                """)
    }

    @Test func `the same name and labels are the same metric`() {
        let registry = MetricsRegistry()
        registry.counter("a", "A.").add()
        #expect(registry.counter("a", "A.").value == 1)
    }

    @Test func `O32 label values are escaped`() {
        let registry = MetricsRegistry()
        registry.counter("a", "A.", labels: Labels(["k": "x\"\\\n"])).add()
        #expect(registry.page().contains(#"a{k="x\"\\\n"} 1"#))
    }
}
