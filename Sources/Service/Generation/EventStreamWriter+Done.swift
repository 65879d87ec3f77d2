import HTTP

extension EventStreamWriter {
    /// OpenAI's mark of the end of a stream of completions.
    func done() async throws { try await event(Array("[DONE]".utf8)) }
}
