/// A whole request. The head's properties are reached directly: `request.fields`.
@dynamicMemberLookup
package struct Request: Sendable {
    package internal(set) var head: RequestHead
    /// The body with its transfer and content coding removed; empty when there was none.
    package let body: [UInt8]

    package init(head: RequestHead, body: [UInt8] = []) {
        self.head = head
        self.body = body
    }

    package subscript<Value>(dynamicMember path: KeyPath<RequestHead, Value>) -> Value { head[keyPath: path] }
}
