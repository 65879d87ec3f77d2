package import Model

/// Samples the rows of a step on the threads of the model. Each thread has a sampler of its own, and a sampler keeps
/// nothing of a row: who samples it makes no difference.
package struct StepSampler {
    private let model: any ForwardPass
    /// One a worker.
    private let samplers: [Sampler]

    package init(model: any ForwardPass) {
        self.model = model
        samplers = (0..<model.workers).map { _ in Sampler(vocabularySize: model.vocabularySize) }
    }

    /// Replaces `outcomes` by one for each draw; a row that nobody asks for is no number.
    package func sample(_ draws: [RowDraw?], into outcomes: inout [RowOutcome]) {
        outcomes.removeAll(keepingCapacity: true)
        for _ in draws { outcomes.append(.notANumber) }
        outcomes.withUnsafeMutableBufferPointer { outcomes in
            let places = outcomes
            model.share(draws.count) { item, worker in
                if let draw = draws[item] { places[item] = samplers[worker].sample(draw) }
            }
        }
    }
}
