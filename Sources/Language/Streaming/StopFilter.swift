/// Passes text on up to the first stop string. Holds back an end that could become one.
///
/// Of several stop strings the one that is complete first wins, so the result does not depend on how the text was
/// cut into pushes.
package struct StopFilter: Sendable {
    package struct Output: Sendable, Equatable {
        /// Text that is safe to send.
        package let text: String
        /// Position of the stop string that was found. Later pushes return nothing.
        package let stop: Int?
    }

    private let stops: [[UInt8]]
    /// Shorter than the longest stop string.
    private var held: [UInt8] = []
    private var isStopped = false

    /// Empty stop strings never match.
    package init(_ stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }
    }

    package mutating func push(_ text: String) -> Output {
        guard !isStopped else { return Output(text: "", stop: nil) }
        guard !stops.isEmpty else { return Output(text: text, stop: nil) }
        let known = held.count
        held.append(contentsOf: text.utf8)
        if let match = firstMatch(endingAfter: known) {
            isStopped = true
            return Output(text: String(decoding: held[..<match.start], as: UTF8.self), stop: match.stop)
        }
        return Output(text: release(held.count - heldCount()), stop: nil)
    }

    /// The end of the stream: what was held back is ordinary text.
    package mutating func flush() -> String {
        isStopped ? "" : release(held.count)
    }

    private mutating func release(_ count: Int) -> String {
        let text = String(decoding: held[..<count], as: UTF8.self)
        held.removeFirst(count)
        return text
    }

    private func firstMatch(endingAfter known: Int) -> (start: Int, stop: Int)? {
        for end in held.indices.dropFirst(known).map({ $0 + 1 }) {
            let matches = stops.indices.filter { !stops[$0].isEmpty && held[..<end].hasSuffix(stops[$0]) }
            if let longest = matches.max(by: { stops[$0].count < stops[$1].count }) {
                return (end - stops[longest].count, longest)
            }
        }
        return nil
    }

    /// Length of the longest end that starts a stop string.
    private func heldCount() -> Int {
        let longest = stops.reduce(1) { max($0, $1.count) }
        for count in stride(from: min(held.count, longest - 1), to: 0, by: -1) {
            let suffix = held.suffix(count)
            if stops.contains(where: { $0.count > count && $0.starts(with: suffix) }) { return count }
        }
        return 0
    }
}

extension ArraySlice<UInt8> {
    fileprivate func hasSuffix(_ other: [UInt8]) -> Bool {
        count >= other.count && suffix(other.count).elementsEqual(other)
    }
}
