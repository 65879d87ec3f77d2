/// One request as the access log shows it.
package struct AccessRecord: Sendable {
    package let id: String
    package let peer: String
    /// Empty when the request line was not understood.
    package let method: String
    /// The path as it came. Not the query: people put keys there, against all advice.
    package let target: String
    package let status: Int
    package let handler: String
    /// Bytes of the request's body.
    package let requestBytes: Int
    /// Bytes of the body that were sent.
    package let bytes: Int
    package let duration: Duration
    /// False when the client left or the body was cut before its end.
    package let isComplete: Bool
    /// What the handler noted.
    package let notes: [String: RequestNotes.Value]
}
