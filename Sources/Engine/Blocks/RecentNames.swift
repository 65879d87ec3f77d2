/// The names put in last, so many of them.
struct RecentNames: Sendable {
    private let limit: Int
    private var ring: [PrefixHash] = []
    private var oldest = 0
    private var names: Set<PrefixHash> = []

    init(limit: Int) { self.limit = max(1, limit) }

    func contains(_ name: PrefixHash) -> Bool { names.contains(name) }

    mutating func insert(_ name: PrefixHash) {
        guard names.insert(name).inserted else { return }
        guard ring.count == limit else {
            ring.append(name)
            return
        }
        names.remove(ring[oldest])
        ring[oldest] = name
        oldest = (oldest + 1) % limit
    }
}
