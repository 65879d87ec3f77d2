import Foundation
import Model
import Synchronization

/// A scripted model that takes its time for each row.
final class SlowModel: ForwardPass {
    /// The rows of the steps it made.
    final class Steps: Sendable {
        private let counts = Mutex<[Int]>([])

        var rows: [Int] { counts.withLock { $0 } }

        func add(_ rows: Int) { counts.withLock { $0.append(rows) } }
    }

    let steps = Steps()
    private let model: ScriptedModel
    private let perRow: Double

    init(_ model: ScriptedModel, perRow: Double) {
        self.model = model
        self.perRow = perRow
    }

    var vocabularySize: Int { model.vocabularySize }
    var contextLength: Int { model.contextLength }
    var blockCount: Int { model.blockCount }
    var capacity: BatchCapacity { model.capacity }

    func forward(_ batch: borrowing Batch) -> Logits {
        steps.add(batch.tokens.count)
        Thread.sleep(forTimeInterval: perRow * Double(batch.tokens.count))
        return model.forward(batch)
    }

    func copyBlock(_ source: Int32, to target: Int32) { model.copyBlock(source, to: target) }

    func memory(of block: Int32) -> UnsafeMutableRawBufferPointer { model.memory(of: block) }
}
