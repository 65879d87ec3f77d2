import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// All metrics of the process, by name and labels; renders the page that Prometheus reads.
package final class MetricsRegistry: Sendable {
    private struct Family: Sendable {
        let name: String
        let help: String
        let type: String
        var series: [(labels: Labels, metric: any Metric)] = []
    }

    private let families = Mutex<[Family]>([])
    /// When it was made, in seconds since 1970: the first thing that a server does.
    package let startTime: Double

    package init() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        startTime = Double(now.tv_sec) + Double(now.tv_nsec / 1_000_000) / 1e3
    }

    package func counter(_ name: String, _ help: String, labels: Labels = Labels()) -> Counter {
        register(name, help, labels) { Counter() }
    }

    package func seconds(_ name: String, _ help: String, labels: Labels = Labels()) -> SecondsCounter {
        register(name, help, labels) { SecondsCounter() }
    }

    /// - Parameter help: should say that the value is of the last minute.
    package func recentRatio(_ name: String, _ help: String, labels: Labels = Labels()) -> RecentRatio {
        register(name, help, labels) { RecentRatio() }
    }

    /// A number that `read` gives whenever somebody reads the page; it must not wait.
    package func reading(
        _ name: String, _ help: String, labels: Labels = Labels(), isCounter: Bool = false,
        _ read: @escaping @Sendable () -> Double
    ) {
        _ = register(name, help, labels) { Reading(type: isCounter ? "counter" : "gauge", read: read) }
    }

    package func gauge(_ name: String, _ help: String, labels: Labels = Labels()) -> Gauge {
        register(name, help, labels) { Gauge() }
    }

    /// `bounds` rise; an observation above the last is counted under `+Inf`.
    package func histogram(
        _ name: String, _ help: String, labels: Labels = Labels(), bounds: [Double]
    ) -> Histogram {
        register(name, help, labels) { Histogram(bounds: bounds) }
    }

    /// The page, families in the order of their first registration.
    package func page() -> String {
        var page = ""
        for family in families.withLock({ $0 }) {
            page += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
            for series in family.series {
                series.metric.write(name: family.name, labels: series.labels, to: &page)
            }
        }
        return page
    }

    /// The series of that name and these labels: the one that is there, or a new one.
    private func register<M: Metric>(_ name: String, _ help: String, _ labels: Labels, _ make: () -> M) -> M {
        families.withLock { families in
            let position = families.firstIndex { $0.name == name } ?? families.count
            if position < families.count,
                let known = families[position].series.first(where: { $0.labels == labels })?.metric as? M
            {
                return known
            }
            let metric = make()
            if position == families.count { families.append(Family(name: name, help: help, type: metric.type)) }
            families[position].series.append((labels, metric))
            return metric
        }
    }
}
