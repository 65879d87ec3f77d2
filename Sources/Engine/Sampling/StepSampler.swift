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

    /// One outcome for each draw; a row that nobody asks for is no number.
    package func sample(_ draws: [RowDraw?]) -> [RowOutcome] {
        Array(unsafeUninitializedCapacity: draws.count) { outcomes, count in
            let places = outcomes
            model.share(draws.count) { item, worker in
                let outcome = draws[item].map { samplers[worker].sample($0) } ?? .notANumber
                places.initializeElement(at: item, to: outcome)
            }
            count = draws.count
        }
    }
}
