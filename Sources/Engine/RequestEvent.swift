/// An event and the request it is for.
package struct RequestEvent: Sendable, Equatable {
    package let request: RequestID
    package let event: TokenEvent

    package init(request: RequestID, event: TokenEvent) {
        self.request = request
        self.event = event
    }
}
