extension LlamaModel {
    /// Tokens of the probe: one and a half blocks, so that attention over a block's end is part of it.
    private static let probeTokens = 96
    /// Bytes of weights that a worker hashes at a time.
    private static let pieceBytes = 4 << 20

    /// Covers every byte of the weights as they are laid out, the shape, the kernels, and the keys and values that these
    /// make of a fixed text. Reads all weights once, like a step, and computes a prompt of 96 tokens.
    ///
    /// To be called before the model is used: it takes the first blocks.
    ///
    /// - Parameter version: of the program, which may compute otherwise than the one before.
    package func fingerprint(version: String) -> ModelFingerprint {
        let words = [version, plan.kernels.name, plan.cacheFormat.name, "\(plan.configuration)"].joined(separator: "|")
        return ModelFingerprint([Array(words.utf8).withUnsafeBytes { XXH64.hash($0) }] + probe() + weightHashes())
    }

    private func weightHashes() -> [UInt64] {
        let bytes = weights.bytes
        let pieces = (bytes.count + Self.pieceBytes - 1) / Self.pieceBytes
        return Array(unsafeUninitializedCapacity: pieces) { hashes, count in
            nonisolated(unsafe) let hashes = hashes
            share(pieces) { piece, _ in
                let first = piece * Self.pieceBytes
                let part = bytes[first..<min(first + Self.pieceBytes, bytes.count)]
                hashes.initializeElement(at: piece, to: XXH64.hash(UnsafeRawBufferPointer(rebasing: part)))
            }
            count = pieces
        }
    }

    /// Leaves the blocks as it found them: zeroed.
    private func probe() -> [UInt64] {
        let count = min(Self.probeTokens, contextLength, blockCount * KVBlock.tokens)
        let blocks = 0..<Int32(KVBlock.count(for: count))
        let tokens = (0..<count).map { Int32(($0 * 7919 + 13) % vocabularySize) }
        var batch = Batch(capacity: capacity)
        for first in stride(from: 0, to: count, by: capacity.rows) {
            batch.removeAll()
            batch.append(tokens[first..<min(first + capacity.rows, count)], at: first, blocks: blocks, logits: 0)
            _ = forward(batch)
        }
        return blocks.map { block in
            let memory = memory(of: block)
            defer { memory.initializeMemory(as: UInt8.self, repeating: 0) }
            return XXH64.hash(UnsafeRawBufferPointer(memory))
        }
    }
}
