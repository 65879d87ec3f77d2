import JSON
import Synchronization

/// The messages so far.
struct Conversation {
    private(set) var messages: [JSONValue] = []

    init(system: String?) {
        if let system { add("system", system) }
    }

    mutating func add(_ role: String, _ content: String) {
        messages.append(["role": .string(role), "content": .string(content)])
    }

    mutating func removeLast() { messages.removeLast() }
}

/// Gathers the pieces of an answer that arrive on another task.
final class TextCollector: Sendable {
    private let pieces = Mutex("")

    func append(_ text: String) { pieces.withLock { $0 += text } }

    var text: String { pieces.withLock { $0 } }
}

/// Gathers the pieces of a body that arrive on another task.
final class ByteCollector: Sendable {
    private let pieces = Mutex<[UInt8]>([])

    func append(_ bytes: [UInt8]) { pieces.withLock { $0 += bytes } }

    var bytes: [UInt8] { pieces.withLock { $0 } }
}
