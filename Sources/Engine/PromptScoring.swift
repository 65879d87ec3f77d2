/// Which tokens of a prompt to report log-probabilities of.
package struct PromptScoring: Sendable, Equatable {
    /// The first of them, at least 1: nothing comes before token 0 that it could follow.
    package let first: Int
    /// Most likely tokens to report beside each.
    package let top: Int

    package init(first: Int = 1, top: Int = 0) {
        self.first = max(1, first)
        self.top = top
    }
}
