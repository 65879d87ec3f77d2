package import Telemetry

/// What the block store counts. Any thread may write.
package struct StoreMetrics: Sendable {
    let restored: Counter
    let stored: Counter
    let removed: Counter
    let dropped: Counter
    let restoreTime: Histogram
    let copyTime: Histogram
    private let failures: [Failure: Counter]
    private let bytes: Gauge
    private let files: Gauge

    /// What went wrong with a block on disk.
    enum Failure: String, CaseIterable {
        /// A file was not what was written, and removed.
        case damaged
        /// A file had gone, or could not be read.
        case read
        case write
    }

    package init(registry: MetricsRegistry, modelName: String) {
        let labels = Labels(["model_name": modelName, "engine": "0"])
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("drover_disk_cache_\(name)_total", help, labels: labels)
        }
        restored = counter("hits", "K/V blocks read back from disk.")
        stored = counter("stored", "K/V blocks written to disk.")
        removed = counter("removed", "K/V blocks removed from disk to stay within the limit.")
        dropped = counter("dropped", "K/V blocks not kept, as too many waited to be written.")
        restoreTime = registry.histogram(
            "drover_disk_cache_read_seconds", "Reading and checking one K/V block.", labels: labels,
            bounds: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1])
        copyTime = registry.histogram(
            "drover_disk_cache_copy_seconds", "Copying one K/V block away, between two steps.", labels: labels,
            bounds: [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03])
        bytes = registry.gauge("drover_disk_cache_bytes", "Bytes of K/V blocks on disk.", labels: labels)
        files = registry.gauge("drover_disk_cache_files", "K/V blocks on disk.", labels: labels)
        var failures: [Failure: Counter] = [:]
        for failure in Failure.allCases {
            failures[failure] = registry.counter(
                "drover_disk_cache_failures_total", "K/V blocks that could not be read or written, by reason.",
                labels: Labels(["model_name": modelName, "engine": "0", "reason": failure.rawValue]))
        }
        self.failures = failures
    }

    func failed(_ failure: Failure) { failures[failure]?.add() }

    func publish(_ ledger: FileLedger) {
        bytes.set(Double(ledger.bytes))
        files.set(Double(ledger.count))
    }
}
