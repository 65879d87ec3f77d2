package import Model

/// How a block lies in its file: a header of 512 bytes, then the K/V bytes as they are in memory.
///
///     0    8   "DROVERKV"
///     8    8   XXH64 of all that follows, to the end of the file
///     16   4   version, 1
///     20   4   tokens of the block
///     24   8   bytes of the block
///     32   16  fingerprint of the model
///     48   16  name
///     64   256 tokens
///     320      zeros
///
/// Numbers are little-endian. A file is believed only if all of it is as it was written for just this block.
package struct BlockFormat: Sendable {
    package static let headerBytes = 512
    private static let version: UInt32 = 1
    private static let magic = UInt64(littleEndian: 0x564B_5245_564F_5244)

    private enum Place {
        static let checksum = 8
        static let version = 16
        static let tokenCount = 20
        static let blockBytes = 24
        static let fingerprint = 32
        static let name = 48
        static let tokens = 64
    }

    package let fingerprint: ModelFingerprint
    package let blockBytes: Int

    package init(fingerprint: ModelFingerprint, blockBytes: Int) {
        self.fingerprint = fingerprint
        self.blockBytes = blockBytes
    }

    package var fileBytes: Int { Self.headerBytes + blockBytes }

    /// Writes the header before the K/V bytes of a whole file.
    package func seal(_ file: UnsafeMutableRawBufferPointer, name: PrefixHash, tokens: [Int32]) {
        precondition(file.count == fileBytes && tokens.count == KVBlock.tokens, "a file holds one block")
        write(to: file, name, tokens)
        file.store(Self.checksum(UnsafeRawBufferPointer(file)), at: Place.checksum)
    }

    /// Throws unless the file is that of this name and these tokens, and whole.
    package func check(
        _ file: UnsafeRawBufferPointer, name: PrefixHash, tokens: [Int32]
    ) throws(BlockFileError) {
        guard file.count == fileBytes else { throw .wrongLength }
        let damage: BlockFileError? = withUnsafeTemporaryAllocation(byteCount: Self.headerBytes, alignment: 8) {
            write(to: $0, name, tokens)
            let expected = UnsafeRawBufferPointer($0)
            func differs(_ range: Range<Int>) -> Bool { !expected[range].elementsEqual(file[range]) }
            if differs(0..<Place.checksum) { return .damaged("magic") }
            if differs(Place.version..<Place.fingerprint) { return .damaged("version or sizes") }
            if differs(Place.fingerprint..<Place.name) { return .damaged("fingerprint") }
            if differs(Place.name..<Self.headerBytes) { return .damaged("name or tokens") }
            let sum = UInt64(littleEndian: file.loadUnaligned(fromByteOffset: Place.checksum, as: UInt64.self))
            return sum == Self.checksum(file) ? nil : .damaged("checksum")
        }
        if let damage { throw damage }
    }

    private func write(to header: UnsafeMutableRawBufferPointer, _ name: PrefixHash, _ tokens: [Int32]) {
        header[..<Self.headerBytes].initializeMemory(as: UInt8.self, repeating: 0)
        header.store(Self.magic, at: 0)
        header.store(Self.version, at: Place.version)
        header.store(UInt32(KVBlock.tokens), at: Place.tokenCount)
        header.store(UInt64(blockBytes), at: Place.blockBytes)
        header.store(fingerprint.low, at: Place.fingerprint)
        header.store(fingerprint.high, at: Place.fingerprint + 8)
        header.store(name.low, at: Place.name)
        header.store(name.high, at: Place.name + 8)
        for (number, token) in tokens.prefix(KVBlock.tokens).enumerated() {
            header.store(token, at: Place.tokens + 4 * number)
        }
    }

    private static func checksum(_ file: UnsafeRawBufferPointer) -> UInt64 {
        XXH64.hash(UnsafeRawBufferPointer(rebasing: file[Place.version...]))
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func store(_ number: some FixedWidthInteger & BitwiseCopyable, at offset: Int) {
        storeBytes(of: number.littleEndian, toByteOffset: offset, as: type(of: number))
    }
}
