import Glibc

/// How many descriptors this process may have open (`ulimit -n`), and how many of them clients may take.
package enum DescriptorLimit {
    /// Kept for the process itself: listeners, log, model, the files of batches and of the cache, databases.
    package static let reserved = 32

    /// Connections that may be open at once so that files can still be opened beside them, at most `wanted`; a few even
    /// where the limit is hardly enough for the process. Raises the soft limit for it as far as the hard one allows.
    package static func connections(upTo wanted: Int) -> Int {
        let (sum, overflows) = wanted.addingReportingOverflow(reserved)
        return min(wanted, max(fewest, raised(to: overflows ? .max : sum) - reserved))
    }

    private static let fewest = 4

    /// Whether few descriptors are left beside this one: the system hands out the lowest number that is free.
    static func isNear(_ descriptor: Int32) -> Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
        return Int(descriptor) >= Int(clamping: limit.rlim_cur) - reserved / 2
    }

    /// The soft limit, after it was raised to what is needed, if need be and if possible. It is never lowered.
    private static func raised(to needed: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return needed }
        let wanted = min(rlim_t(clamping: needed), limit.rlim_max)
        if limit.rlim_cur < wanted {
            var more = limit
            more.rlim_cur = wanted
            if setrlimit(resource, &more) == 0 { limit = more }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
