/// The metadata of a GGUF file: keys in file order, typed look-ups with errors that name the key.
struct GGUFMetadata: Sendable {
    struct Entry: Sendable {
        let key: String
        let value: GGUFValue
        /// Where in the file the key begins.
        let offset: Int
    }

    let file: String
    private(set) var entries: [Entry] = []
    private var index: [String: Int] = [:]

    init(file: String) { self.file = file }

    /// Adds an entry unless the key is taken; says whether it did.
    mutating func insert(_ key: String, _ value: GGUFValue, at offset: Int) -> Bool {
        guard index[key] == nil else { return false }
        index[key] = entries.count
        entries.append(Entry(key: key, value: value, offset: offset))
        return true
    }

    subscript(key: String) -> GGUFValue? { index[key].map { entries[$0].value } }

    func place(_ key: String) -> CheckpointError.Place {
        CheckpointError.Place(file: file, offset: index[key].map { entries[$0].offset }, field: key)
    }

    func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else { throw .missing(file: file, what: "metadata", names: [key]) }
        return value
    }

    /// A whole number within bounds; nil where the key is absent.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        let value: UInt64
        switch self[key] {
        case nil: return nil
        case .unsigned(let number)?: value = number
        case .signed(let number)?:
            guard number >= 0 else { throw .malformed(place(key), reason: "is negative: \(number)") }
            value = UInt64(number)
        case let other?: throw wrongKind(key, other, "an integer")
        }
        guard let small = Int(exactly: value), range.contains(small) else {
            throw .outOfRange(
                place(key), allowed: UInt64(range.lowerBound)...UInt64(range.upperBound), got: value)
        }
        return small
    }

    /// A finite number above zero; nil where the key is absent.
    func positive(_ key: String) throws(CheckpointError) -> Double? {
        guard let number = try float(key) else { return nil }
        guard number.isFinite, number > 0 else {
            throw .malformed(place(key), reason: "must be a finite number above 0, is \(number)")
        }
        return number
    }

    /// A finite number not below `least`; nil where the key is absent.
    func finite(_ key: String, from least: Double) throws(CheckpointError) -> Double? {
        guard let number = try float(key) else { return nil }
        guard number.isFinite, number >= least else {
            throw .malformed(place(key), reason: "must be a finite number, at least \(least), is \(number)")
        }
        return number
    }

    private func float(_ key: String) throws(CheckpointError) -> Double? {
        guard let value = self[key] else { return nil }
        guard case .float(let number) = value else { throw wrongKind(key, value, "a float") }
        return number
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let bool) = value else { throw wrongKind(key, value, "a boolean") }
        return bool
    }

    func string(_ key: String) throws(CheckpointError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let string) = value else { throw wrongKind(key, value, "a string") }
        return string
    }

    func strings(_ key: String) throws(CheckpointError) -> PackedStrings? {
        guard let value = self[key] else { return nil }
        guard case .strings(let strings) = value else { throw wrongKind(key, value, "an array of strings") }
        return strings
    }

    func numbers(_ key: String) throws(CheckpointError) -> GGUFNumbers? {
        guard let value = self[key] else { return nil }
        guard case .numbers(let numbers) = value else { throw wrongKind(key, value, "an array of numbers") }
        return numbers
    }

    private func wrongKind(_ key: String, _ value: GGUFValue, _ wanted: String) -> CheckpointError {
        .malformed(place(key), reason: "must be \(wanted), is \(value.kind)")
    }
}
