/// A request on its way to the engine thread.
struct Submission: Sendable {
    /// Of the first sample.
    let id: RequestID
    let request: GenerationRequest
    /// (request.samples)
    let events: [EventQueue]
    let time: ContinuousClock.Instant
}
