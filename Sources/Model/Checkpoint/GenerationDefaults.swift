/// What the model's maker set for generation; a request overrides it. Nil and empty mean: nothing set.
package struct GenerationDefaults: Sendable, Equatable {
    package var temperature: Double?
    package var topP: Double?
    package var topK: Int?
    package var beginID: Int32?
    /// Tokens that end an answer.
    package var endIDs: [Int32] = []

    package init() {}
}
