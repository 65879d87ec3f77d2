/// Members in the order they were added. Keys compare as in Python: strings by their bytes; `1`, `1.0`, `true` are one.
struct TemplateDictionary {
    enum Key: Hashable {
        case none
        case number(Double)
        case string([UInt8])
    }

    private(set) var entries: [(key: TemplateValue, value: TemplateValue)] = []
    private var positions: [Key: Int] = [:]

    var count: Int { entries.count }

    /// False where the key is of a kind that cannot be one.
    @discardableResult
    mutating func insert(_ key: TemplateValue, _ value: TemplateValue) -> Bool {
        guard let hashed = Self.hashed(key) else { return false }
        if let position = positions[hashed] {
            entries[position].value = value
        } else {
            positions[hashed] = entries.count
            entries.append((key, value))
        }
        return true
    }

    subscript(key: TemplateValue) -> TemplateValue? {
        Self.hashed(key).flatMap { positions[$0] }.map { entries[$0].value }
    }

    subscript(name: String) -> TemplateValue? {
        positions[.string(Array(name.utf8))].map { entries[$0].value }
    }

    private static func hashed(_ key: TemplateValue) -> Key? {
        switch key {
        case .none: Key.none
        case .string(let text): Key.string(text.bytes)
        default: key.number.map { Key.number($0) }
        }
    }
}
