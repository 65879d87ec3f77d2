import Model

/// Times steps of a model with made-up tokens, several times, each beside what the machine gives just then: on a shared
/// one its memory may be half as fast a second later.
struct ModelStopwatch {
    /// Tokens a second, and the limits around them.
    typealias Run = (tokensPerSecond: Double, limits: MachineLimits.Sample)

    let model: LlamaModel
    let limits: MachineLimits
    let runs: Int

    /// One prompt, its last token's logits included.
    func prefill(tokens: Int) -> [Run] {
        var batch = Batch(capacity: model.capacity)
        return repeated {
            batch.removeAll()
            batch.append(prompt(tokens), at: 0, blocks: blocks(of: 0, positions: tokens), logits: 1)
            let time = ContinuousClock().measure { _ = model.forward(batch) }
            return Double(tokens) / (time / .seconds(1))
        }
    }

    /// Most tokens of a context that are read in one step.
    static let contextChunk = 512

    /// All sequences together, each behind a context of so many tokens.
    func decode(batch size: Int, context start: Int, steps: Int) -> [Run] {
        var batch = Batch(capacity: model.capacity)
        for sequence in 0..<size { read(start, blocks: blocks(of: sequence, positions: start + steps), &batch) }
        return repeated {
            let time = ContinuousClock().measure {
                for step in 0..<steps {
                    batch.removeAll()
                    for sequence in 0..<size {
                        let position = start + step
                        let token = Int32((step * 31 + sequence) % model.vocabularySize)
                        batch.append(
                            CollectionOfOne(token), at: position,
                            blocks: blocks(of: sequence, positions: start + steps), logits: 1)
                    }
                    _ = model.forward(batch)
                }
            }
            return Double(size * steps) / (time / .seconds(1))
        }
    }

    private func read(_ tokens: Int, blocks: Range<Int32>, _ batch: inout Batch) {
        let prompt = prompt(tokens), chunk = min(Self.contextChunk, model.capacity.rows)
        for first in stride(from: 0, to: tokens, by: chunk) {
            batch.removeAll()
            batch.append(prompt[first..<min(tokens, first + chunk)], at: first, blocks: blocks, logits: 0)
            _ = model.forward(batch)
        }
    }

    private func prompt(_ count: Int) -> [Int32] {
        (0..<count).map { Int32(($0 * 7919 + 13) % model.vocabularySize) }
    }

    /// Sequences lie one after another in the pool.
    private func blocks(of sequence: Int, positions: Int) -> Range<Int32> {
        let count = Int32(KVBlock.count(for: positions))
        return Int32(sequence) * count..<Int32(sequence + 1) * count
    }

    private func repeated(_ measure: () -> Double) -> [Run] {
        _ = measure()
        return (0..<runs).map { _ in limits.around(measure) }
    }
}
