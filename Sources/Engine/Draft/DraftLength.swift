/// How far to guess, by what became of the guesses before: of one request, and one source of guesses.
package struct DraftLength: Sendable {
    /// Most tokens of one guess.
    package static let longest = 15
    private static let longestPause = 16

    private var length: Int
    /// Tokens to let pass before the next guess.
    private var pause = 0
    private var nextPause = 1

    init(first: Int) { length = first }

    /// Tokens to guess now; 0 where it is not worth it.
    mutating func next() -> Int {
        guard pause == 0 else {
            pause -= 1
            return 0
        }
        return length
    }

    /// Takes note of how many of `count` guessed tokens were right.
    mutating func learn(accepted: Int, of count: Int) {
        guard count > 0 else { return }
        length = accepted == count ? min(2 * length, Self.longest) : max(accepted + 1, 2)
        guard accepted == 0 else {
            nextPause = 1
            return
        }
        pause = nextPause
        nextPause = min(2 * nextPause, Self.longestPause)
    }
}
