import Curation
import Testing

struct NearDuplicatesTests {
    /// Texts of made-up words, and for each some copies with a few of them changed.
    private struct Corpus {
        var texts: [String] = []
        var random = SplitMix64(seed: 3)

        mutating func word() -> String { "w\(random.next() % 5_000)" }

        mutating func add(_ count: Int, changes: [Int]) {
            for _ in 0..<count {
                let words = (0..<170).map { _ in word() }
                texts.append(words.joined(separator: " "))
                for change in changes {
                    var copy = words
                    for _ in 0..<change { copy[Int(random.next() % UInt64(copy.count))] = word() }
                    texts.append(copy.joined(separator: " "))
                }
            }
        }
    }

    /// The n-grams as texts: the definition.
    private func grams(_ text: String) -> Set<[Substring]> {
        let words = text.split(separator: " ")
        return Set((0...(words.count - 5)).map { Array(words[$0..<$0 + 5]) })
    }

    private func jaccard(_ left: String, _ right: String) -> Double {
        let (left, right) = (grams(left), grams(right))
        return Double(left.intersection(right).count) / Double(left.union(right).count)
    }

    /// Copies with 1 to 9 changed words lie on both sides of a similarity of 0.8.
    @Test func `finds what is alike, and nothing else`() {
        var corpus = Corpus()
        corpus.add(200, changes: [1, 2, 3, 3, 4, 4, 5, 9])
        let originals = NearDuplicates(threshold: 0.8).originals(of: corpus.texts)
        var (found, alike) = (0, 0)
        for (index, original) in originals.enumerated() {
            if let original {
                #expect(original < index && originals[original] == nil)
                #expect(jaccard(corpus.texts[index], corpus.texts[original]) >= 0.8, "a false one")
            }
            let base = index / 9 * 9
            guard index != base, jaccard(corpus.texts[index], corpus.texts[base]) >= 0.8 else { continue }
            alike += 1
            found += original == nil ? 0 : 1
        }
        #expect(alike > 800 && Double(found) / Double(alike) >= 0.95, "\(found) of \(alike)")
    }

    @Test func `similarity is that of the sets of n-grams`() {
        var corpus = Corpus()
        corpus.add(1, changes: [1, 3, 7, 20])
        for copy in corpus.texts {
            let own = Shingles.jaccard(
                Shingles.hashes(of: corpus.texts[0], words: 5), Shingles.hashes(of: copy, words: 5))
            #expect(own == jaccard(corpus.texts[0], copy))
        }
    }

    @Test(arguments: [
        ("The Cat sat, on a MAT!", "the cat sat on a mat", true), ("don't stop", "dont stop", true),
        ("Élan — vital", "élan vital", true), ("ПРИВЕТ мир", "привет мир", true),
        ("猫坐在垫子上。", "猫坐在垫子上", true), ("猫坐在垫子上", "狗坐在垫子上", false), ("a b", "a c", false),
    ])
    func `words are compared without case and punctuation`(_ left: String, _ right: String, _ same: Bool) {
        let sets = [left, right].map { Shingles.hashes(of: $0, words: 5) }
        #expect((sets[0] == sets[1]) == same && !sets[0].isEmpty)
    }

    @Test(arguments: [0.5, 0.7, 0.8, 0.9, 1.0]) func `bands leave few pairs out`(_ threshold: Double) {
        let minHash = MinHash(threshold: threshold)
        #expect(MinHash.recall(at: threshold, rows: minHash.rows) >= 0.99)
        #expect(minHash.rows * minHash.bands <= 128)
    }

    @Test func `empty and short texts are no trouble`() {
        let originals = NearDuplicates().originals(of: ["", "a", "A!", "", "b"])
        #expect(originals == [nil, nil, 1, 0, nil])
        #expect(NearDuplicates().originals(of: []) == [])
    }
}
