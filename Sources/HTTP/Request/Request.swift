/// A whole request. The head's properties are reached directly: `request.fields`.
@dynamicMemberLookup
package struct Request: Sendable {
    package internal(set) var head: RequestHead
    /// The body with its transfer and content coding removed; empty when there was none.
    package let body: [UInt8]
    /// In place of `body` on a route that takes it piece by piece.
    package let upload: RequestBody?

    package init(head: RequestHead, body: [UInt8] = [], upload: RequestBody? = nil) {
        self.head = head
        self.body = body
        self.upload = upload
    }

    package subscript<Value>(dynamicMember path: KeyPath<RequestHead, Value>) -> Value { head[keyPath: path] }
}
