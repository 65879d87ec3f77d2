/// Takes the `data` of server-sent events out of a byte stream, split anywhere.
package struct EventStreamParser {
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false

    package init() {}

    /// The events that these bytes complete.
    package mutating func push(_ bytes: [UInt8]) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let event = endLine() { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    /// An empty line ends an event; lines with other fields, and comments, are passed over.
    private mutating func endLine() -> [UInt8]? {
        if line.isEmpty {
            defer {
                data = []
                hasData = false
            }
            return hasData ? data : nil
        }
        let prefix = Array("data:".utf8)
        guard line.starts(with: prefix) else { return nil }
        if hasData { data.append(UInt8(ascii: "\n")) }
        let value = line.dropFirst(prefix.count)
        data += value.first == UInt8(ascii: " ") ? value.dropFirst() : value
        hasData = true
        return nil
    }
}
