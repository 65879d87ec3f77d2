/// Removes lines that many texts have: "lines that appeared more than 6 times in each bucket of 30M documents" (the Llama 3
/// paper, section 3.1.1). What stays of a text is the rest.
package struct LineCounts: Sendable, Codable {
    package let maxCount: Int
    /// Texts that are counted together.
    package let bucket: Int

    package init(maxCount: Int = 6, bucket: Int = 30_000_000) {
        self.maxCount = maxCount
        self.bucket = bucket
    }

    /// Each text without the lines that its bucket has too often; a text that loses none is the same to the byte.
    package func thinned(_ texts: [String]) -> [String] {
        stride(from: 0, to: texts.count, by: bucket).flatMap { start in
            thinnedBucket(texts[start..<(start + min(bucket, texts.count - start))])
        }
    }

    private func thinnedBucket(_ texts: ArraySlice<String>) -> [String] {
        var counts: [String: Int] = [:]
        for text in texts {
            for line in Self.lines(of: text) { counts[Self.normal(line), default: 0] += 1 }
        }
        // A blank line is what stands between paragraphs.
        counts[""] = nil
        return texts.map { text in
            let lines = Self.lines(of: text)
            let kept = lines.filter { counts[Self.normal($0), default: 0] <= maxCount }
            return kept.count == lines.count ? text : kept.joined(separator: "\n")
        }
    }

    private static func lines(of text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func normal(_ line: Substring) -> String {
        line.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }
}
