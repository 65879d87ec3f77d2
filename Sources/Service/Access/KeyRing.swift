/// All keys there are.
package struct KeyRing: Sendable {
    package let keys: [ClientKey]
    /// Longer ones are not hashed: no key is.
    private static let bytesLimit = 512

    package init(_ keys: [ClientKey]) { self.keys = keys }

    /// The key with these bytes. Every key is looked at and every comparison goes to its end, so the time says neither
    /// whether a key is there nor how much of it was right. One that has expired is no key.
    func key(_ bytes: [UInt8], now: Int64) -> ClientKey? {
        guard bytes.count <= Self.bytesLimit else { return nil }
        let digest = SHA256.hash(bytes)
        var found: Int?
        for number in keys.indices where keys[number].digest.matches(digest) { found = number }
        guard let key = found.map({ keys[$0] }), key.expires.map({ now < $0 }) ?? true else { return nil }
        return key
    }
}
