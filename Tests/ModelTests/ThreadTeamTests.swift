import CKernels
import Model
import Synchronization
import Testing

struct ThreadTeamTests {
    private final class Counts: Sendable {
        let items: [Int]
        let done: Mutex<[[Int]]>
        let early = Atomic(0)

        init(_ items: [Int]) {
            self.items = items
            done = Mutex(items.map { [Int](repeating: 0, count: $0) })
        }

        static func at(_ context: UnsafeRawPointer) -> Counts {
            Unmanaged<Counts>.fromOpaque(context).takeUnretainedValue()
        }
    }

    @Test(arguments: [1, 2, 5])
    func `does each item of each stage once and no stage before the last has ended`(workers: Int) throws {
        let team = try ThreadTeam(workers: workers)
        for round in 0..<50 {
            let counts = Counts([3, 0, 1, 100 + round, 0, 7])
            withExtendedLifetime(counts) {
                ck_team_run(
                    team.team, Unmanaged.passUnretained(counts).toOpaque(), counts.items.count,
                    { context, stage in context.map { Counts.at($0).items[stage] } ?? 0 },
                    { context, stage, item, _ in
                        guard let context else { return }
                        let counts = Counts.at(context)
                        counts.done.withLock { done in
                            done[stage][item] += 1
                            let unfinished = done[..<stage].contains { $0.contains(0) }
                            if unfinished { counts.early.add(1, ordering: .relaxed) }
                        }
                    })
            }
            #expect(counts.done.withLock { $0.allSatisfy { $0.allSatisfy { $0 == 1 } } })
            #expect(counts.early.load(ordering: .relaxed) == 0)
        }
    }

    @Test(arguments: [1, 2, 5]) func `shares each item once, no worker with two at a time`(workers: Int) throws {
        let team = try ThreadTeam(workers: workers)
        for items in [0, 1, 2, 300] {
            let done = Mutex([Int](repeating: 0, count: items)), busy = Mutex(Set<Int>())
            team.share(items) { item, worker in
                let isFree = busy.withLock { $0.insert(worker).inserted }
                #expect(isFree && worker < workers)
                done.withLock { $0[item] += 1 }
                busy.withLock { _ = $0.remove(worker) }
            }
            #expect(done.withLock { $0.allSatisfy { $0 == 1 } })
        }
    }
}
