import Model

/// A scripted model whose steps take time by a clock of its own, so that nobody waits and nothing depends on the machine.
final class SlowModel: ForwardPass {
    private(set) var now = ContinuousClock.now
    /// The rows of the steps it made.
    private(set) var rows: [Int] = []
    private let model: ScriptedModel
    private let perRow: Duration

    init(_ model: ScriptedModel, perRow: Duration) {
        self.model = model
        self.perRow = perRow
    }

    var vocabularySize: Int { model.vocabularySize }
    var width: Int { model.width }
    var contextLength: Int { model.contextLength }
    var blockCount: Int { model.blockCount }
    var capacity: BatchCapacity { model.capacity }

    func forward(_ batch: borrowing Batch, while isWanted: () -> Bool) -> Logits? {
        rows.append(batch.tokens.count)
        now += perRow * batch.tokens.count
        return model.forward(batch, while: isWanted)
    }

    func hiddenState(_ row: Int) -> [Float] { model.hiddenState(row) }

    func copyBlock(_ source: Int32, to target: Int32) { model.copyBlock(source, to: target) }

    func memory(of block: Int32) -> UnsafeMutableRawBufferPointer { model.memory(of: block) }
}
