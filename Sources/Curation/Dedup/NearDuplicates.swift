import Dispatch

/// Finds texts that are nearly the same: MinHash-LSH proposes pairs, and the true Jaccard similarity of their n-grams decides.
///
/// Takes about 8 bytes a word of all texts and 1 KB a text, and all cores of the machine.
package struct NearDuplicates: Sendable {
    /// Jaccard similarity from which two texts are duplicates.
    package let threshold: Double
    /// Words of an n-gram.
    package let words: Int
    private let minHash: MinHash

    package init(threshold: Double = 0.8, words: Int = 5) {
        self.threshold = threshold
        self.words = words
        minHash = MinHash(threshold: threshold)
    }

    /// For each text the position of an earlier kept one that it is nearly the same as; nil for those to keep.
    /// - Parameter texts: the better ones first.
    package func originals(of texts: [String]) -> [Int?] {
        let prints = fingerprints(of: texts)
        var index = BandIndex(bands: minHash.bands, capacity: texts.count)
        return texts.indices.map { text in
            let set = prints.sets[text]
            let keys = prints.keys[text * minHash.bands..<(text + 1) * minHash.bands]
            let original = index.first(sharing: keys, with: text) { candidate in
                Shingles.jaccard(set, prints.sets[candidate]) >= threshold
            }
            if original == nil { index.insert(text, keys) }
            return original
        }
    }

    private struct Fingerprints {
        /// The n-grams of each text.
        let sets: [[UInt64]]
        /// `bands` keys for each text.
        let keys: [UInt64]
    }

    private func fingerprints(of texts: [String]) -> Fingerprints {
        let chunk = 256
        let chunks = (texts.count + chunk - 1) / chunk
        var sets = [[UInt64]](repeating: [], count: texts.count)
        var keys = [UInt64](repeating: 0, count: texts.count * minHash.bands)
        sets.withUnsafeMutableBufferPointer { sets in
            keys.withUnsafeMutableBufferPointer { keys in
                // Each chunk writes its own places only.
                nonisolated(unsafe) let (sets, keys) = (sets, keys)
                DispatchQueue.concurrentPerform(iterations: chunks) { number in
                    for text in number * chunk..<min(texts.count, (number + 1) * chunk) {
                        sets[text] = Shingles.hashes(of: texts[text], words: words)
                        let own = text * minHash.bands..<(text + 1) * minHash.bands
                        minHash.bandKeys(of: sets[text], into: UnsafeMutableBufferPointer(rebasing: keys[own]))
                    }
                }
            }
        }
        return Fingerprints(sets: sets, keys: keys)
    }
}

/// The kept texts by the keys of their bands.
private struct BandIndex {
    private let bands: Int
    /// The place that was entered last under a key. A place is a text and one of its bands.
    private var heads: [UInt64: Int] = [:]
    /// The place entered before under the same key; -1 at the end.
    private var next: [Int]
    /// The text that looked at a candidate last, so that it looks once.
    private var visitor: [Int]

    init(bands: Int, capacity: Int) {
        self.bands = bands
        next = [Int](repeating: -1, count: capacity * bands)
        visitor = [Int](repeating: -1, count: capacity)
        heads.reserveCapacity(capacity * bands)
    }

    mutating func insert(_ text: Int, _ keys: ArraySlice<UInt64>) {
        for (band, key) in keys.enumerated() {
            let place = text * bands + band
            next[place] = heads.updateValue(place, forKey: key) ?? -1
        }
    }

    mutating func first(
        sharing keys: ArraySlice<UInt64>, with text: Int, where isDuplicate: (Int) -> Bool
    ) -> Int? {
        for key in keys {
            var place = heads[key] ?? -1
            while place >= 0 {
                let candidate = place / bands
                place = next[place]
                guard visitor[candidate] != text else { continue }
                visitor[candidate] = text
                if isDuplicate(candidate) { return candidate }
            }
        }
        return nil
    }
}
