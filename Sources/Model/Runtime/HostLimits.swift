import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What this process may use of its machine: affinity, resource limits and control groups (v2) included.
package enum HostLimits {
    /// Bytes that can be taken without swapping or meeting a limit of the process or its control group.
    package static var availableMemory: Int {
        let machine = SystemFile.text("/proc/meminfo").flatMap { SystemFile.value(of: "MemAvailable", in: $0) }
        var available = machine.map { $0 * 1024 } ?? sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        for group in controlGroups {
            guard let limit = number(group + "/memory.max"), let used = number(group + "/memory.current") else {
                continue
            }
            // Page cache counts as used but gives way.
            let stat = SystemFile.text(group + "/memory.stat")
            let cache = stat.flatMap { SystemFile.value(of: "inactive_file", in: $0) } ?? 0
            available = min(available, max(0, limit - used + cache))
        }
        return min(available, freeAddresses)
    }

    /// Throws where a limit of the address space leaves hardly anything: then the next small allocation may end the process,
    /// long before the weights ask for memory. To be called before much is read.
    package static func checkAddresses() throws(RuntimeError) {
        let free = freeAddresses
        if free < fewestAddresses { throw .addresses(free: free, fewest: fewestAddresses) }
    }

    /// For the files' headers, the vocabulary and what else comes before the memory plan.
    private static let fewestAddresses = 64 << 20

    /// Addresses that are taken beside what is asked for: each thread that allocates has an arena, for which malloc maps
    /// twice 64 MiB to cut one aligned piece out, and a stack.
    private static let addressesOfThreads = 192 << 20

    /// Bytes of address space below the limit of it (`ulimit -v`), without those of threads.
    private static var freeAddresses: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, let most = Int(exactly: limit.rlim_cur),
            let used = SystemFile.text("/proc/self/status").flatMap({ SystemFile.value(of: "VmSize", in: $0) })
        else { return .max }
        return max(0, most - used * 1024 - addressesOfThreads)
    }

    /// Cores worth a compute thread each.
    package static var coreCount: Int {
        var count = Double(ck_core_count())
        for group in controlGroups {
            let words = (SystemFile.text(group + "/cpu.max") ?? "").split(whereSeparator: { $0 == " " || $0 == "\n" })
            guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else {
                continue
            }
            count = min(count, quota / period)
        }
        return max(1, Int(count.rounded()))
    }

    /// Directories of the control group of this process and all above it.
    private static var controlGroups: [String] {
        guard
            let line = SystemFile.text("/proc/self/cgroup")?.split(separator: "\n").first(where: {
                $0.hasPrefix("0::/")
            })
        else { return [] }
        var path = "/sys/fs/cgroup"
        var groups = [path]
        for part in line.dropFirst("0::/".count).split(separator: "/") {
            path += "/" + part
            groups.append(path)
        }
        return groups
    }

    /// Nil for "max" and where there is no such file.
    private static func number(_ path: String) -> Int? {
        SystemFile.text(path)?.split(separator: "\n").first.flatMap { Int($0) }
    }
}
