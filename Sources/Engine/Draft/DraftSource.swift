/// Who guessed.
package enum DraftSource: String, Sendable, CaseIterable {
    /// The text itself, where its last tokens stood before.
    case ngram
    case model = "draft_model"
}
