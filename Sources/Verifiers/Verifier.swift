/// Decides about candidates: whether an answer is right, and how good it is. Any task may ask, several at a time.
package protocol Verifier: Sendable {
    /// By which requests and recipes ask for it.
    var name: String { get }

    /// Does not throw: what keeps a verifier from a decision is a verdict that says so. Ends early when the task is
    /// cancelled.
    func verify(_ candidate: Candidate) async -> Verdict
}
