/// What the engine needs of a model. `LlamaModel` computes; the scripted model of the tests recites.
///
/// Belongs to the engine thread: no member is called from anywhere else once the engine has started.
package protocol ForwardPass: AnyObject {
    var vocabularySize: Int { get }
    /// Values of a hidden state.
    var width: Int { get }
    /// Most positions one sequence may have.
    var contextLength: Int { get }
    /// K/V blocks there are, numbered from 0. Who uses which is the caller's business.
    var blockCount: Int { get }
    var capacity: BatchCapacity { get }

    /// Writes the rows' keys and values into their blocks and returns logits for `batch.logitRows`, in that order.
    ///
    /// A row attends to all positions of its sequence up to its own; those before the run must have been
    /// computed by earlier calls with the same blocks. The result is valid until the next call, and has no meaning
    /// unless `batch.needsLogits`.
    ///
    /// - Parameter isWanted: asked on the calling thread, again and again. Once it says no the step is broken off, and nil
    ///   returned; keys and values of its rows, and of no others, are then of no use until a later step has written them.
    func forward(_ batch: borrowing Batch, while isWanted: () -> Bool) -> Logits?

    /// The hidden state behind the last layer and the final norm, (width), of a row of the logits that the last call of
    /// `forward` returned.
    func hiddenState(_ row: Int) -> [Float]

    /// Gives one K/V block the content of another.
    func copyBlock(_ source: Int32, to target: Int32)

    /// The memory of one K/V block, as large as any other. Between two calls of `forward` only.
    func memory(of block: Int32) -> UnsafeMutableRawBufferPointer

    /// How many calls `share` makes at the same time, at most.
    var workers: Int { get }

    /// Calls `work(item, worker)` once for each item, in any order, several at a time where the model has threads;
    /// those at the same time have different workers.
    func share(_ items: Int, _ work: (_ item: Int, _ worker: Int) -> Void)
}

extension ForwardPass {
    /// A step that nobody breaks off.
    package func forward(_ batch: borrowing Batch) -> Logits {
        guard let logits = forward(batch, while: { true }) else { preconditionFailure("a wanted step was broken off") }
        return logits
    }

    package var workers: Int { 1 }

    package func share(_ items: Int, _ work: (_ item: Int, _ worker: Int) -> Void) {
        for item in 0..<items { work(item, 0) }
    }
}
