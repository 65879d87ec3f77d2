/// Answers requests. One value serves all connections at once.
package protocol Responder: Sendable {
    /// Called before the body is read and before `100 Continue`. A response refuses the request: it is sent, and the
    /// connection closes unless there is no body. nil: read the body and call `respond`.
    func admit(_ head: RequestHead) async -> Response?

    /// Whether the handler takes the body piece by piece; asked before it is read.
    func takesUpload(_ head: RequestHead) -> Bool

    /// Runs in a task that is cancelled when the client leaves. What it returns even so is still sent, if it can be.
    func respond(to request: Request) async -> Response
}

extension Responder {
    package func takesUpload(_ head: RequestHead) -> Bool { false }
}
