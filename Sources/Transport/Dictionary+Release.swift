extension Dictionary {
    /// Removes a value, and after most others also their room: by itself a dictionary never gives any back, and that
    /// of 10,000 connections would stay.
    package mutating func release(_ key: Key) {
        self[key] = nil
        if capacity > 1024, count < capacity / 8 { self = Dictionary(uniqueKeysWithValues: map { ($0.key, $0.value) }) }
    }
}
