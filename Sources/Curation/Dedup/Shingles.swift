/// The word n-grams of a text, as hashes.
package enum Shingles {
    /// Sorted, each once; one for the whole text where it has fewer words. 64 bits, so that two n-grams of a corpus
    /// hardly ever share a hash.
    package static func hashes(of text: String, words length: Int) -> [UInt64] {
        var words = WordHashes()
        // Other letters than ASCII's need Unicode's tables to become lower case.
        let folded = text.utf8.allSatisfy { $0 < 0x80 } ? text : text.lowercased()
        words.read(folded)
        guard words.hashes.count > length else { return words.hashes.isEmpty ? [] : [combined(words.hashes[...])] }
        var shingles: [UInt64] = []
        shingles.reserveCapacity(words.hashes.count - length + 1)
        for start in 0...(words.hashes.count - length) {
            shingles.append(combined(words.hashes[start..<start + length]))
        }
        shingles.sort()
        return unique(shingles)
    }

    /// The share of n-grams that two texts have in common.
    package static func jaccard(_ left: [UInt64], _ right: [UInt64]) -> Double {
        var (i, j, common) = (0, 0, 0)
        while i < left.count, j < right.count {
            if left[i] == right[j] {
                (i, j, common) = (i + 1, j + 1, common + 1)
            } else if left[i] < right[j] {
                i += 1
            } else {
                j += 1
            }
        }
        let union = left.count + right.count - common
        return union == 0 ? 1 : Double(common) / Double(union)
    }

    private static func combined(_ words: ArraySlice<UInt64>) -> UInt64 {
        words.reduce(0x2545_F491_4F6C_DD1D) { SplitMix64.mixed(($0 ^ $1) &* 0x9E37_79B9_7F4A_7C15) }
    }

    private static func unique(_ sorted: [UInt64]) -> [UInt64] {
        var result: [UInt64] = []
        result.reserveCapacity(sorted.count)
        for hash in sorted where hash != result.last { result.append(hash) }
        return result
    }
}

/// Cuts a text into words and hashes each. Scripts that write no spaces (Han, Kana, Thai) count each character as a word.
private struct WordHashes {
    var hashes: [UInt64] = []
    private var word: UInt64 = basis

    /// FNV-1a's.
    private static let basis: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01B3

    mutating func read(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            hashes.reserveCapacity(bytes.count / 5)
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                if byte < 0x80 {
                    ascii(byte)
                    position += 1
                } else {
                    let end = min(bytes.count, position + Self.length(of: byte))
                    character(UnsafeBufferPointer(rebasing: bytes[position..<end]))
                    position = end
                }
            }
        }
        endWord()
    }

    private mutating func ascii(_ byte: UInt8) {
        switch byte {
        case 0x61...0x7A, 0x30...0x39: add(byte)
        case 0x41...0x5A: add(byte | 0x20)
        // "don't" is one word, as "dont" would be.
        case UInt8(ascii: "'"): break
        default: endWord()
        }
    }

    private mutating func character(_ bytes: UnsafeBufferPointer<UInt8>) {
        let second = bytes.count > 1 ? bytes[1] : 0
        switch bytes[0] {
        // General punctuation (U+2000 to U+206F) and that of Han.
        case 0xE2 where second <= 0x81: endWord()
        case 0xE3 where second == 0x80: endWord()
        case 0xE0 where second == 0xB8 || second == 0xB9: fallthrough
        case 0xE3...0xED, 0xF0...0xF7:
            endWord()
            bytes.forEach { add($0) }
            endWord()
        default: bytes.forEach { add($0) }
        }
    }

    private mutating func add(_ byte: UInt8) { word = (word ^ UInt64(byte)) &* Self.prime }

    private mutating func endWord() {
        guard word != Self.basis else { return }
        hashes.append(SplitMix64.mixed(word))
        word = Self.basis
    }

    private static func length(of lead: UInt8) -> Int { lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }
}
