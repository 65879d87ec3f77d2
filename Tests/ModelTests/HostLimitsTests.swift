import Glibc
import Model
import Testing

struct HostLimitsTests {
    @Test func `O27 finds memory and cores within what the machine has`() {
        let physical = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        #expect((1...physical).contains(HostLimits.availableMemory))
        #expect((1...sysconf(Int32(_SC_NPROCESSORS_ONLN))).contains(HostLimits.coreCount))
    }
}
