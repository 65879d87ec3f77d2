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

    /// Calls `work(item, worker)` once for each item, in any order. A single item is the caller's: nobody is woken.
    package func share(_ items: Int, _ work: (_ item: Int, _ worker: Int) -> Void) {
        guard items > 1, workers > 1 else {
            for item in 0..<items { work(item, 0) }
            return
        }
        withoutActuallyEscaping(work) { work in
            withUnsafePointer(to: Shared(items: items, work: work)) { shared in
                _ = ck_team_run(
                    team, shared, 1, { context, _ in context.map { Shared.at($0).items } ?? 0 },
                    { context, _, item, worker in if let context { Shared.at(context).work(item, worker) } }, nil)
            }
        }
    }

    private struct Shared {
        let items: Int
        let work: (Int, Int) -> Void

        static func at(_ context: UnsafeRawPointer) -> Shared {
            context.assumingMemoryBound(to: Shared.self).pointee
        }
    }
}
