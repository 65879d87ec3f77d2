/// A request on its way to the engine thread.
struct Submission: Sendable {
    let id: RequestID
    let request: GenerationRequest
    let events: EventQueue
    let time: ContinuousClock.Instant
}
