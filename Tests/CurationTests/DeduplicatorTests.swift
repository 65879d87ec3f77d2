import Curation
import Testing

struct DeduplicatorTests {
    @Test func `exact copies go but for white space, the first stays`() {
        var dedup = Deduplicator(["a  b", "c", "a\nb", "A b"])
        dedup.dropExact()
        #expect(dedup.kept == [0, 1, 3])
        #expect(dedup.duplicates[2] == Duplicate(kind: .exact, original: 0))
    }

    @Test func `each way sees what the ones before have left`() {
        let long = (0..<40).map { "word\($0)" }.joined(separator: " ")
        var dedup = Deduplicator([long, long, long + " more", "other"])
        dedup.dropExact()
        dedup.dropNear(DedupSettings.Near(threshold: 0.8, words: 5))
        #expect(dedup.duplicates[2] == Duplicate(kind: .near, original: 0) && dedup.kept == [0, 3])
        dedup.dropSemantic([[1, 0], [1, 0]], threshold: 0.9)
        #expect(dedup.duplicates[3] == Duplicate(kind: .semantic, original: 0) && dedup.kept == [0])
    }

    @Test func `meanings are compared by their cosine`() {
        let originals = SemanticDuplicates.originals(
            of: [[1, 0, 0], [0.96, 0.28, 0], [0, 0, 1], [0.6, 0.8, 0]], threshold: 0.95)
        #expect(originals == [nil, 0, nil, nil])
        // Sizes that are no multiple of a vector's.
        let ones = [Float](repeating: 1 / Float(19).squareRoot(), count: 19)
        #expect(SemanticDuplicates.originals(of: [ones, ones], threshold: 0.999) == [nil, 0])
    }

    @Test func `more texts than can be compared in time are refused`() throws {
        try SemanticDuplicates.check(count: SemanticDuplicates.limit)
        let error = #expect(throws: SemanticDuplicates.TooManyTexts.self) {
            try SemanticDuplicates.check(count: SemanticDuplicates.limit + 1)
        }
        #expect("\(try #require(error))".contains("50000 texts at most; there are 50001"))
    }

    @Test func `lines that too many texts have are taken away, within a bucket`() {
        let texts = (0..<4).map { "line \($0)\n  Click  here\n\nend \($0)" }
        #expect(LineCounts(maxCount: 3, bucket: 100).thinned(texts) == (0..<4).map { "line \($0)\n\nend \($0)" })
        #expect(LineCounts(maxCount: 4, bucket: 100).thinned(texts) == texts)
        #expect(LineCounts(maxCount: 3, bucket: 2).thinned(texts) == texts)
    }

    @Test func `an answer of nothing but such lines goes`() {
        var dataset = Dataset(
            prompts: [Prompt(text: "x")], samples: [["same", "same", "same\nmine"].map { Sample(text: $0) }])
        dataset.thin(LineCounts(maxCount: 1, bucket: 100))
        #expect(dataset.kept == [2] && dataset.entries[2].text == "mine")
    }

    @Test func `clusters name the kept answer`() {
        var dataset = Dataset(prompts: [Prompt(text: "x")], samples: [["a", "b", "c"].map { Sample(text: $0) }])
        // The best of them comes last in the set.
        dataset.apply([nil, Duplicate(kind: .near, original: 0), nil], order: [2, 0, 1])
        #expect(dataset.kept == [1, 2] && dataset.clusters == [2: [0]])
        #expect(dataset.entries[0].fate == .dropped(.dedup, by: "near", reason: "like answer 3 of prompt 1"))
    }
}
