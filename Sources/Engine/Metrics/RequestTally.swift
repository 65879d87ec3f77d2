/// What the samples of one request come to together. Engine thread only.
final class RequestTally {
    private var left: Int
    /// Most tokens that one of them generated.
    private(set) var longest = 0

    init(samples: Int) { left = samples }

    /// Takes note of the end of a sample; true for the last.
    func end(outputTokens: Int) -> Bool {
        longest = max(longest, outputTokens)
        left -= 1
        return left == 0
    }
}
