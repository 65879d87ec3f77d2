import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The fixed threads that compute. One thread at a time may use it; that thread is worker 0.
///
/// `@unchecked Sendable`: owned by the engine thread once the engine runs, by the loading thread before.
package final class ThreadTeam: @unchecked Sendable {
    package let team: OpaquePointer
    package let workers: Int

    package init(workers: Int) throws(RuntimeError) {
        guard let team = ck_team_create(workers) else { throw .threads(count: workers, code: errno) }
        self.team = team
        self.workers = ck_team_workers(team)
    }

    deinit { ck_team_destroy(team) }
}
