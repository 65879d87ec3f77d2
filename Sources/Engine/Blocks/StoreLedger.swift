/// What a block pool knows of the block store beside it, and what it has to ask of it.
struct StoreLedger: Sendable {
    /// What the store has, as far as it has told.
    private(set) var names: Set<PrefixHash>
    /// Idle blocks that the store does not have and was not offered, in the order in which they leave.
    private var unsaved: BlockList
    private(set) var saves: [BlockSave] = []
    private(set) var restores: [BlockRestore] = []
    private var restoreCount: UInt64 = 0
    let isPresent: Bool

    /// - Parameter stored: nil where there is no store.
    init(blocks: Int, stored: Set<PrefixHash>?) {
        names = stored ?? []
        isPresent = stored != nil
        unsaved = BlockList(blocks: isPresent ? blocks : 0)
    }

    var unsavedCount: Int { unsaved.count }

    func isUnsaved(_ block: Int32) -> Bool { isPresent && unsaved.contains(block) }

    mutating func learn(_ name: PrefixHash) { if isPresent { names.insert(name) } }

    mutating func forget(_ name: PrefixHash) { names.remove(name) }

    /// A block of that name is idle from now on.
    mutating func rest(_ block: Int32, _ name: PrefixHash) {
        if isPresent, !names.contains(name) { unsaved.append(block) }
    }

    /// An idle block is held again.
    mutating func wake(_ block: Int32) {
        if isUnsaved(block) { unsaved.remove(block) }
    }

    /// An idle block has to make room.
    mutating func evict(_ block: Int32, _ name: PrefixHash, tokens: ArraySlice<Int32>) {
        guard isPresent else { return }
        wake(block)
        saves.append(
            BlockSave(block: block, name: name, tokens: Array(tokens), isStored: names.contains(name)))
    }

    /// The next idle block to save, which it is then no longer.
    mutating func popUnsaved() -> Int32? { isPresent ? unsaved.popFirst() : nil }

    /// Asks for a block's content; returns who will write it.
    mutating func restore(_ block: Int32, _ name: PrefixHash, tokens: ArraySlice<Int32>) -> BlockWriter {
        restoreCount += 1
        restores.append(BlockRestore(id: restoreCount, block: block, name: name, tokens: Array(tokens)))
        return .store(restoreCount)
    }

    /// Hands over what has been asked since the last call.
    mutating func move(to plan: inout StepPlan) {
        guard isPresent else { return }
        swap(&plan.saves, &saves)
        swap(&plan.restores, &restores)
    }
}
