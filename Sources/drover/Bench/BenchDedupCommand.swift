import ArgumentParser
import Curation
import JSON

/// Finds near duplicates in made-up documents of which it is known.
struct BenchDedupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dedup",
        abstract: "Measure the search for near duplicates: speed, recall and precision.",
        discussion: """
            Every tenth document is a copy of an earlier one with some words changed, so that the copies lie on both \
            sides of the threshold. Recall is that of the copies which are as like their originals as the threshold asks; \
            precision is that of what was dropped.
            """)

    @Option(help: "Documents in all.")
    var documents = 100_000
    @Option(help: "Bytes of each.")
    var bytes = 1_000
    @Option(help: "Jaccard similarity of word n-grams from which two are duplicates.")
    var threshold = 0.8
    @Option(help: "Words of an n-gram.")
    var words = 5
    @Option(help: "Seed of the documents.")
    var seed: UInt64 = 1
    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard (10...10_000_000).contains(documents), (50...1_000_000).contains(bytes), (1...20).contains(words) else {
            throw ValidationError("A count is out of range.")
        }
        guard (0.3...1).contains(threshold) else { throw ValidationError("The threshold must be 0.3 to 1.") }
    }

    func run() {
        let set = CopiedDocuments(count: documents, bytes: bytes, seed: seed)
        let search = NearDuplicates(threshold: threshold, words: words)
        let clock = ContinuousClock()
        var originals: [Int?] = []
        let seconds = clock.measure { originals = search.originals(of: set.texts) } / .seconds(1)
        let report = DedupReport(set, originals: originals, search, seconds: seconds)
        print(json ? String(decoding: report.json.serialized, as: UTF8.self) : report.text)
    }
}

/// Documents of random words, and copies of some of them.
private struct CopiedDocuments {
    private(set) var texts: [String] = []
    /// The document that a copy was made of.
    private(set) var sources: [Int: Int] = [:]

    init(count: Int, bytes: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let vocabulary = (0..<20_000).map { _ in Self.word(&random) }
        var words: [[Int]] = []
        for number in 0..<count {
            var own: [Int]
            if number % 10 == 9 {
                let source = number - 1 - Int(random.next() % 9)
                own = words[source]
                // A word stands in five 5-grams: up to an eleventh of the words leaves a similarity of 0.4 and more.
                for _ in 0..<(1 + Int(random.next() % UInt64(max(1, own.count / 22)))) {
                    own[Int(random.next() % UInt64(own.count))] = Int(random.next() % 20_000)
                }
                sources[number] = source
            } else {
                own = Self.document(vocabulary, bytes, &random)
            }
            words.append(own)
            texts.append(own.map { vocabulary[$0] }.joined(separator: " "))
        }
    }

    private static func word(_ random: inout SplitMix64) -> String {
        String((0..<(3 + random.next() % 6)).map { _ in Character(Unicode.Scalar(UInt8(97 + random.next() % 26))) })
    }

    /// Words as frequent as in a language: half of them are among a few hundred.
    private static func document(_ vocabulary: [String], _ bytes: Int, _ random: inout SplitMix64) -> [Int] {
        var words: [Int] = []
        var size = 0
        while size < bytes {
            let share = Double(random.next() >> 11) / Double(1 << 53)
            let word = min(vocabulary.count - 1, Int(Double(vocabulary.count) * share * share * share))
            words.append(word)
            size += vocabulary[word].utf8.count + 1
        }
        return words
    }
}

private struct DedupReport {
    let documents: Int
    let seconds: Double
    let copies: Int
    let found: Int
    let dropped: Int
    let right: Int

    init(_ set: CopiedDocuments, originals: [Int?], _ search: NearDuplicates, seconds: Double) {
        documents = set.texts.count
        self.seconds = seconds
        let similarity = { (left: Int, right: Int) in
            Shingles.jaccard(
                Shingles.hashes(of: set.texts[left], words: search.words),
                Shingles.hashes(of: set.texts[right], words: search.words))
        }
        let alike = set.sources.filter { similarity($0.key, $0.value) >= search.threshold }
        copies = alike.count
        found = alike.count { originals[$0.key] != nil }
        let pairs = originals.enumerated().compactMap { index, original in original.map { (index, $0) } }
        dropped = pairs.count
        right = pairs.count { similarity($0.0, $0.1) >= search.threshold }
    }

    private var recall: Double { copies == 0 ? 1 : Double(found) / Double(copies) }
    private var precision: Double { dropped == 0 ? 1 : Double(right) / Double(dropped) }

    var text: String {
        let speed = Int(Double(documents) / seconds)
        return """
            \(documents) documents in \((seconds * 100).rounded() / 100) s, \(speed) a second
            recall \((recall * 10_000).rounded() / 10_000) of \(copies) copies, precision \
            \((precision * 10_000).rounded() / 10_000) of \(dropped) dropped
            """
    }

    var json: JSONValue {
        [
            "documents": .integer(Int64(documents)), "seconds": .number(seconds), "copies": .integer(Int64(copies)),
            "dropped": .integer(Int64(dropped)), "recall": .number(recall), "precision": .number(precision),
        ]
    }
}
