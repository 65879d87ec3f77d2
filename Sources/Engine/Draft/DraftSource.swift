/// Who guessed.
package enum DraftSource: String, Sendable, CaseIterable {
    /// The text itself, where its last tokens stood before.
    case ngram
    case model = "draft_model"
    /// The constraint of the text, where it leaves no choice.
    case grammar
}
