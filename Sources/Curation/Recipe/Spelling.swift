/// Finds the word that somebody meant.
package enum Spelling {
    /// The closest of the words, if at most a third of its letters are wrong.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let scored = words.map { (word: $0, distance: distance(Array(word), Array($0))) }
        guard let best = scored.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
        return best.distance <= max(1, best.word.count / 3) ? best.word : nil
    }

    /// Levenshtein's: insertions, deletions and replacements; two neighbours that were swapped count as one.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var (before, row) = ([Int](), Array(0...right.count))
        for (place, letter) in left.enumerated() {
            var next = [place + 1]
            for column in right.indices {
                let replaced = row[column] + (letter == right[column] ? 0 : 1)
                var best = min(replaced, row[column + 1] + 1, next[column] + 1)
                if place > 0, column > 0, letter == right[column - 1], left[place - 1] == right[column] {
                    best = min(best, before[column - 1] + 1)
                }
                next.append(best)
            }
            (before, row) = (row, next)
        }
        return row[right.count]
    }
}
