import DequeModule

/// Which files there are, how large, and in which order they were used.
struct FileLedger: Sendable {
    private struct Entry {
        let bytes: Int
        var use: Int
    }

    private var entries: [PrefixHash: Entry] = [:]
    /// In the order of use; an entry counts if it is the file's last.
    private var uses: Deque<(name: PrefixHash, use: Int)> = []
    private var useCount = 0
    private(set) var bytes = 0

    var count: Int { entries.count }
    var names: Set<PrefixHash> { Set(entries.keys) }

    func contains(_ name: PrefixHash) -> Bool { entries[name] != nil }

    /// A new file, or another in its place, just used.
    mutating func insert(_ name: PrefixHash, bytes: Int) {
        remove(name)
        entries[name] = Entry(bytes: bytes, use: useCount)
        self.bytes += bytes
        touch(name)
    }

    mutating func touch(_ name: PrefixHash) {
        guard entries[name] != nil else { return }
        useCount += 1
        entries[name]?.use = useCount
        uses.append((name, useCount))
        // Uses that no longer count must not outgrow the files.
        if uses.count > 2 * entries.count + 64 { uses.removeAll { entries[$0.name]?.use != $0.use } }
    }

    mutating func remove(_ name: PrefixHash) {
        if let entry = entries.removeValue(forKey: name) { bytes -= entry.bytes }
    }

    /// Removes and names the file that was used longest ago.
    mutating func popOldest() -> PrefixHash? {
        while let first = uses.popFirst() {
            guard entries[first.name]?.use == first.use else { continue }
            remove(first.name)
            return first.name
        }
        return nil
    }
}
