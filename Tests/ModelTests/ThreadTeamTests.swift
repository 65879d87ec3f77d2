import CKernels
import Glibc
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

        private static func at(_ context: UnsafeRawPointer) -> Counts {
            Unmanaged<Counts>.fromOpaque(context).takeUnretainedValue()
        }

        /// How often the step will be found wanted.
        let patience = Atomic(Int.max)

        func run(on team: ThreadTeam) -> Bool {
            ck_team_run(
                team.team, Unmanaged.passUnretained(self).toOpaque(), items.count,
                { context, stage in context.map { Counts.at($0).items[stage] } ?? 0 },
                { context, stage, item, _ in if let context { Counts.at(context).note(stage, item) } },
                { context in
                    context.map { Counts.at($0).patience.subtract(1, ordering: .relaxed).newValue >= 0 } ?? true
                })
        }

        private func note(_ stage: Int, _ item: Int) {
            done.withLock { done in
                done[stage][item] += 1
                let unfinished = done[..<stage].contains { $0.contains(0) }
                if unfinished { early.add(1, ordering: .relaxed) }
            }
        }
    }

    @Test(arguments: [1, 2, 5])
    func `leaves a step that is no longer wanted together, and does the next one`(workers: Int) throws {
        let team = try ThreadTeam(workers: workers)
        var brokenOff = 0
        for round in 0..<200 {
            let counts = Counts([3, 0, 1, 20, 0, 7])
            withExtendedLifetime(counts) {
                counts.patience.store(round % 12, ordering: .relaxed)
                let isWhole = counts.run(on: team)
                if !isWhole { brokenOff += 1 }
                let done = counts.done.withLock(\.self)
                #expect(done.allSatisfy { $0.allSatisfy { $0 <= 1 } })
                // The others may have done all of it before the first was asked again.
                #expect(!isWhole || !done.contains { $0.contains(0) })
                let last = done.lastIndex { $0.contains(1) } ?? 0
                #expect(!done[..<last].contains { $0.contains(0) })
            }
        }
        #expect(brokenOff > (workers == 1 ? 199 : 0))
    }

    @Test(arguments: [1, 2, 5])
    func `does each item of each stage once and no stage before the last has ended`(workers: Int) throws {
        let team = try ThreadTeam(workers: workers)
        for round in 0..<50 {
            let counts = Counts([3, 0, 1, 100 + round, 0, 7])
            withExtendedLifetime(counts) {
                #expect(counts.run(on: team))
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

    @Test func `gives each worker a range to go through upwards before it helps others`() throws {
        let team = try ThreadTeam(workers: 2), ranges = [0..<100, 100..<200]
        let taken = Mutex([[Int]](repeating: [], count: 2))
        team.share(200) { item, worker in taken.withLock { $0[worker].append(item) } }
        for (items, range) in zip(taken.withLock(\.self), ranges) {
            let own = items.filter(range.contains), others = items.filter { !range.contains($0) }
            #expect(items == own.sorted() + others.sorted())
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [0, 99, 100, 199])
    func `does what is left of the range of a worker that is late`(late: Int) throws {
        let team = try ThreadTeam(workers: 2), items = 200
        let others = Atomic(items - 1)
        team.share(items) { item, _ in
            if item == late {
                while others.load(ordering: .relaxed) > 0 { sched_yield() }
            } else {
                others.subtract(1, ordering: .relaxed)
            }
        }
        #expect(others.load(ordering: .relaxed) == 0)
    }
}
