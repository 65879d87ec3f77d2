/// The tokens' bytes behind one another, and for a part of them the way from bytes to id.
struct TokenTable: Sendable {
    private(set) var bytes: [UInt8] = []
    /// (count + 1) where each token starts.
    private(set) var offsets: [Int] = [0]
    /// Open addressing with linear probing; -1 is free. A power of two, at most half full.
    private var slots: [Int32] = []
    /// Random, so that no file can be made whose tokens all meet in one slot.
    private let seed = UInt64.random(in: .min ... .max)

    private(set) var longest = 0

    var count: Int { offsets.count - 1 }

    func range(of id: Int) -> Range<Int> { offsets[id]..<offsets[id + 1] }

    mutating func append(_ token: some Collection<UInt8>) {
        bytes.append(contentsOf: token)
        offsets.append(bytes.count)
    }

    /// Makes these tokens findable. Returns the first two that are equal, if any.
    mutating func index(_ ids: some Collection<Int>) -> (first: Int, second: Int)? {
        var capacity = 16
        while capacity < ids.count * 2 { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
        longest = ids.reduce(0) { max($0, range(of: $1).count) }
        let bytes = self.bytes
        return bytes.withUnsafeBufferPointer { buffer in
            for id in ids {
                let token = UnsafeBufferPointer(rebasing: buffer[range(of: id)])
                let slot = slot(of: token, in: buffer)
                if slots[slot] >= 0 { return (Int(slots[slot]), id) }
                slots[slot] = Int32(id)
            }
            return nil
        }
    }

    /// Id of the token with exactly these bytes.
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard token.count <= longest, !slots.isEmpty else { return nil }
        let id = bytes.withUnsafeBufferPointer { slots[slot(of: token, in: $0)] }
        return id < 0 ? nil : id
    }

    func id(of token: some Collection<UInt8>) -> Int32? {
        Array(token).withUnsafeBufferPointer { id(of: $0) }
    }

    /// The slot that holds these bytes, or the free one where they would go.
    private func slot(of token: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash(token)) & mask
        while slots[slot] >= 0, !holds(Int(slots[slot]), token, in: bytes) { slot = (slot + 1) & mask }
        return slot
    }

    private func holds(_ id: Int, _ token: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = offsets[id]
        guard offsets[id + 1] - start == token.count else { return false }
        for position in 0..<token.count where bytes[start + position] != token[position] { return false }
        return true
    }

    private func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = seed
        var position = 0
        let raw = UnsafeRawBufferPointer(token)
        while position + 8 <= token.count {
            hash = mixed(hash ^ raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest = UInt64(token.count)
        while position < token.count {
            rest = rest << 8 | UInt64(token[position])
            position += 1
        }
        return mixed(hash ^ rest)
    }

    private func mixed(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
