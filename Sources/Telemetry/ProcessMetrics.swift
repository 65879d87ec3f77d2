#if canImport(Glibc)
import Glibc
#endif

/// What the process takes of the machine, under the names that all client libraries of Prometheus use.
package enum ProcessMetrics {
    package static func register(in registry: MetricsRegistry) {
        registry.reading("process_resident_memory_bytes", "Memory of the process that is in RAM.") { pages(1) }
        registry.reading("process_virtual_memory_bytes", "Address space of the process.") { pages(0) }
        registry.reading("process_cpu_seconds_total", "Processor time used, of all threads.", isCounter: true) {
            processorSeconds
        }
        registry.reading("process_start_time_seconds", "When the process began, in seconds since 1970.") {
            [start = registry.startTime] in start
        }
        registry.reading("process_open_fds", "Open file descriptors.") { openDescriptors }
        registry.reading("process_max_fds", "Most file descriptors the process may open.") { descriptorLimit }
    }

    /// Bytes of a field of /proc/self/statm: 0 all, 1 resident. NaN where there is none.
    private static func pages(_ field: Int) -> Double {
        guard let file = fopen("/proc/self/statm", "r") else { return .nan }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return .nan }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        guard field < fields.count, let count = Double(fields[field]) else { return .nan }
        return count * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var processorSeconds: Double {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .nan }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static var openDescriptors: Double {
        guard let directory = opendir("/proc/self/fd") else { return .nan }
        defer { closedir(directory) }
        // "." and "..", and the descriptor that this reads with.
        var count = -3.0
        while readdir(directory) != nil { count += 1 }
        return max(count, 0)
    }

    private static var descriptorLimit: Double {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .nan }
        return Double(limit.rlim_cur)
    }
}
