/// Texts that mean nearly the same, by the cosine of their embeddings: each is kept that is less than the threshold like all
/// kept before it (the Llama 3 paper, section 4.2.3). Every kept one is compared, so the time grows with the square.
package enum SemanticDuplicates {
    /// Most texts that are compared: with vectors of 2048 numbers about five minutes, and 400 MB.
    package static let limit = 50_000

    /// Throws when that many texts are too many, which is better known before they are embedded.
    package static func check(count: Int) throws(TooManyTexts) {
        if count > limit { throw TooManyTexts(count: count) }
    }

    package struct TooManyTexts: Error, Equatable, CustomStringConvertible {
        package let count: Int

        package var description: String {
            """
            dedup.semantic compares each text with each other and takes \(limit) texts at most; there are \(count). Take \
            'near' first, or make sets of a part of the prompts
            """
        }
    }

    /// For each vector the position of an earlier kept one that it is like; nil for those to keep.
    /// - Parameter vectors: of length 1 and of the same size, the better texts first.
    package static func originals(of vectors: [[Float]], threshold: Double) -> [Int?] {
        var kept: [Int] = []
        return vectors.indices.map { index in
            let original = kept.first { Double(dot(vectors[index], vectors[$0])) >= threshold }
            if original == nil { kept.append(index) }
            return original
        }
    }

    private static func dot(_ left: [Float], _ right: [Float]) -> Float {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                let count = min(left.count, right.count)
                var sums = SIMD8<Float>.zero
                var place = 0
                while place + 8 <= count {
                    var (a, b) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
                    for lane in 0..<8 { (a[lane], b[lane]) = (left[place + lane], right[place + lane]) }
                    // Not `addProduct`: where it may not count on FMA, the compiler calls the C library for each number.
                    sums += a * b
                    place += 8
                }
                return (place..<count).reduce(sums.sum()) { $0 + left[$1] * right[$1] }
            }
        }
    }
}
