/// What a record looks like.
package struct ExportSettings: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        /// OpenAI's `messages`.
        case sft
        /// `prompt`, `chosen` and `rejected`, each a list of messages.
        case dpo
        /// `instruction`, `input`, `output`.
        case alpaca
        /// `conversations` of `from` and `value`.
        case sharegpt
    }

    package let format: Format
    package let gzip: Bool
    package let tokenIDs: Bool
    /// Likeliest tokens beside each token of the answer; nil without log-probabilities.
    package let topLogprobs: Int?
}

extension ExportSettings {
    init(_ reader: inout RecipeReader) throws(RecipeError) {
        format = try reader.choice("format", of: Format.self) ?? .sft
        gzip = try reader.flag("gzip") ?? false
        tokenIDs = try reader.flag("token-ids") ?? false
        topLogprobs = try reader.integer("top-logprobs", in: 0...20)
        try reader.finish()
    }
}
