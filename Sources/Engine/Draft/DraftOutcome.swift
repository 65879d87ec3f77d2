/// What became of the guesses for one request in one step.
package struct DraftOutcome: Sendable, Equatable {
    package let request: RequestID
    package let source: DraftSource
    package let drafted: Int
    package let accepted: Int
}
