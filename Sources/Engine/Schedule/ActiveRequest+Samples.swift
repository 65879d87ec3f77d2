import Model

extension ActiveRequest {
    /// The part of the prompt that lies in no block which samples share: they part in that block, and each feeds the
    /// prompt's last token itself, as its logits are wanted.
    private var tail: Range<Int> {
        (promptCount - 1) / KVBlock.tokens * KVBlock.tokens..<promptCount - 1
    }

    /// Where it has to wait for an older sample of its prompt; nil when it has its tail or found it in the index.
    func forkPosition(after elder: ActiveRequest) -> Int? {
        let waits = elder.group == group && computed < tail.upperBound && sharedPositions <= tail.lowerBound
        return waits ? tail.lowerBound : nil
    }

    /// Goes on behind the tail if an older sample has it, computed by steps that are done. Returns the copy that must be
    /// made before the next step.
    mutating func fork(from elder: ActiveRequest) -> StepPlan.BlockCopy? {
        guard let position = forkPosition(after: elder), computed >= position, elder.computed >= tail.upperBound
        else { return nil }
        let number = position / KVBlock.tokens
        if outputCount == 0 { cachedCount += tail.upperBound - computed }
        computed = tail.upperBound
        return StepPlan.BlockCopy(source: elder.table.blocks[number], target: table.blocks[number])
    }
}
