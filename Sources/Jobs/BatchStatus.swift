/// Where a batch is in its life. The words are OpenAI's.
package enum BatchStatus: String, Codable, Sendable, CaseIterable {
    /// Its lines are being read and checked.
    case validating
    case inProgress = "in_progress"
    /// All lines have a result; the files are being given to the owner.
    case finalizing
    case completed
    /// Not one line could run, or the model is another than the one it began with.
    case failed
    /// Its time was over before all lines had run.
    case expired
    case cancelling
    case cancelled

    package var isFinal: Bool {
        switch self {
        case .validating, .inProgress, .finalizing, .cancelling: false
        case .completed, .failed, .expired, .cancelled: true
        }
    }

    /// Whether a batch may go from here to there. Nothing leaves a final status, and who was cancelled stays cancelled.
    package func mayBecome(_ next: BatchStatus) -> Bool {
        switch (self, next) {
        case (.validating, .inProgress), (.validating, .failed), (.validating, .cancelling), (.validating, .expired):
            true
        case (.inProgress, .finalizing), (.inProgress, .cancelling): true
        case (.finalizing, .completed), (.finalizing, .expired), (.finalizing, .failed): true
        case (.cancelling, .cancelled): true
        default: false
        }
    }
}
