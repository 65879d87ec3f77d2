import Engine

/// A block store that is late, forgets, runs full and breaks, at random.
struct FickleDisk {
    private struct Reading {
        let restore: BlockRestore
        let due: Int
    }

    private var random: SeededRandom
    private var files: [PrefixHash: [UInt8]] = [:]
    /// Files that the scheduler has not been told of.
    private var written: [(name: PrefixHash, due: Int)] = []
    private var reading: [Reading] = []
    private var time = 0
    private let delay: Int
    /// One in so many goes wrong; 0 for none.
    private let fault: Int
    private let limit: Int
    /// Blocks restored, not to be read, restored when nobody wanted them any more, removed.
    private(set) var (restored, failed, late, removed) = (0, 0, 0, 0)

    init(random: inout SeededRandom) {
        delay = Int.random(in: 0...6, using: &random)
        fault = Int.random(in: 0...4, using: &random)
        limit = Int.random(in: 3...40, using: &random)
        self.random = SeededRandom(seed: random.next())
    }

    var isReading: Bool { !reading.isEmpty }

    /// Does what a plan wants before its step.
    mutating func serve(_ plan: StepPlan, _ model: ScriptedModel) {
        plan.saves.forEach { keep($0, model) }
        for restore in plan.restores { reading.append(Reading(restore: restore, due: time + pause())) }
    }

    /// Lets time pass: what is due happens.
    mutating func turn(_ scheduler: inout Scheduler, _ model: ScriptedModel) {
        time += 1
        for save in scheduler.takeUnsaved(limit: Int.random(in: -2...2, using: &random)) { keep(save, model) }
        for (name, _) in written.filter({ $0.due <= time }) { scheduler.learn(name) }
        written.removeAll { $0.due <= time }
        for one in reading where one.due <= time { finish(one.restore, &scheduler, model) }
        reading.removeAll { $0.due <= time }
        while files.count > limit, let name = files.keys.min(by: { ($0.high, $0.low) < ($1.high, $1.low) }) {
            files[name] = nil
            removed += 1
            scheduler.forget(name)
        }
    }

    private mutating func keep(_ save: BlockSave, _ model: ScriptedModel) {
        guard !save.isStored, !breaks() else { return }
        files[save.name] = Array(model.memory(of: save.block))
        written.append((save.name, time + pause()))
    }

    private mutating func finish(_ restore: BlockRestore, _ scheduler: inout Scheduler, _ model: ScriptedModel) {
        let isWanted = scheduler.awaits(restore)
        if !isWanted { late += 1 }
        if let file = files[restore.name], !breaks() {
            if isWanted {
                model.memory(of: restore.block).copyBytes(from: file)
                restored += 1
            }
            scheduler.settle(restore, isThere: true)
        } else {
            failed += 1
            files[restore.name] = nil
            // Whatever lies there now must be computed.
            if isWanted { model.memory(of: restore.block).initializeMemory(as: UInt8.self, repeating: 0x77) }
            scheduler.settle(restore, isThere: false)
        }
    }

    private mutating func pause() -> Int { delay == 0 ? 0 : Int.random(in: 0...delay, using: &random) }

    private mutating func breaks() -> Bool { fault > 0 && Int.random(in: 0..<fault * 3, using: &random) == 0 }
}
