/// Finds the word that somebody meant.
package enum Spelling {
    /// The closest of the words, if at most a third of its letters are wrong.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let scored = words.map { (word: $0, distance: distance(Array(word), Array($0))) }
        guard let best = scored.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
        return best.distance <= max(1, best.word.count / 3) ? best.word : nil
    }

    /// Levenshtein's: insertions, deletions and replacements.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (place, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for column in right.indices {
                let replaced = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
