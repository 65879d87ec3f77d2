/// Reads the parts of a GGUF header that know nothing of models: strings, values, metadata, tensor descriptions.
///
/// Layout: magic, version u32, tensor count u64, entry count u64; entries (key, kind u32, value); tensors (name,
/// dimension count u32, dimensions u64 innermost first, type u32, offset u64); padding; data. Strings are a length
/// u64 and bytes. Little-endian throughout.
struct GGUFHeaderReader {
    private(set) var reader: ByteReader
    private var stringsLeft = GGUFLimits.strings

    /// A tensor as described, not yet compared with the file's length.
    struct TensorDescription {
        let name: String
        let type: TensorType
        /// Innermost first, as stored.
        let dimensions: [Int]
        /// From the start of the data.
        let offset: UInt64
        let byteCount: Int
        /// Where its description begins.
        let describedAt: Int
    }

    init(_ source: ByteSource) { reader = ByteReader(source) }

    /// Checks magic and version.
    mutating func begin() throws(CheckpointError) {
        let magic: UInt32 = try reader.integer("magic")
        guard magic == 0x4655_4747 else {  // "GGUF"
            if magic == 0x4747_5546 { throw bigEndian("magic", at: 0) }
            throw .malformed(
                reader.place("magic", at: 0), reason: "not a GGUF file (a safetensors model is named by its directory)")
        }
        let version: UInt32 = try reader.integer("version")
        guard version == 2 || version == 3 else {
            if version.byteSwapped == 2 || version.byteSwapped == 3 { throw bigEndian("version", at: 4) }
            throw .unsupported(reader.place("version", at: 4), got: "GGUF version \(version)", supported: "2 and 3")
        }
    }

    private func bigEndian(_ field: String, at offset: Int) -> CheckpointError {
        .unsupported(reader.place(field, at: offset), got: "a big-endian GGUF file", supported: "little-endian files")
    }

    /// A count of things that take at least `bytes` bytes each.
    mutating func count(_ field: String, limit: Int, each bytes: Int) throws(CheckpointError) -> Int {
        let start = reader.offset
        let count: UInt64 = try reader.integer(field)
        let allowed = min(limit, reader.left / bytes)
        guard count <= UInt64(allowed) else {
            throw .outOfRange(reader.place(field, at: start), allowed: 0...UInt64(allowed), got: count)
        }
        return Int(count)
    }

    // MARK: Metadata

    mutating func metadata(count: Int) throws(CheckpointError) -> GGUFMetadata {
        var metadata = GGUFMetadata(file: reader.source.name)
        for _ in 0..<count {
            let start = reader.offset
            let key = try identifier("metadata key", limit: GGUFLimits.keyBytes)
            let value = try value(of: key)
            guard metadata.insert(key, value, at: start) else {
                throw .malformed(reader.place(key, at: start), reason: "metadata key occurs twice")
            }
            guard reader.offset <= GGUFLimits.headerBytes else {
                throw .outOfRange(
                    reader.place(key, at: start), allowed: 0...UInt64(GGUFLimits.headerBytes),
                    got: UInt64(reader.offset))
            }
        }
        return metadata
    }

    private mutating func kind(of key: String) throws(CheckpointError) -> GGUFValue.Kind {
        let start = reader.offset
        let number: UInt32 = try reader.integer(key)
        guard let kind = GGUFValue.Kind(rawValue: number) else {
            throw .outOfRange(reader.place("type of \(key)", at: start), allowed: 0...12, got: UInt64(number))
        }
        return kind
    }

    private mutating func value(of key: String) throws(CheckpointError) -> GGUFValue {
        switch try kind(of: key) {
        case .uint8: .unsigned(UInt64(try reader.integer(key, as: UInt8.self)))
        case .uint16: .unsigned(UInt64(try reader.integer(key, as: UInt16.self)))
        case .uint32: .unsigned(UInt64(try reader.integer(key, as: UInt32.self)))
        case .uint64: .unsigned(try reader.integer(key))
        case .int8: .signed(Int64(try reader.integer(key, as: Int8.self)))
        case .int16: .signed(Int64(try reader.integer(key, as: Int16.self)))
        case .int32: .signed(Int64(try reader.integer(key, as: Int32.self)))
        case .int64: .signed(try reader.integer(key))
        case .float32: .float(Double(Float(bitPattern: try reader.integer(key))))
        case .float64: .float(Double(bitPattern: try reader.integer(key)))
        case .bool: .bool(try boolean(key))
        case .string: .string(try string(key, limit: GGUFLimits.stringBytes))
        case .array: try array(key)
        }
    }

    private mutating func boolean(_ key: String) throws(CheckpointError) -> Bool {
        let byte: UInt8 = try reader.integer(key)
        guard byte <= 1 else {
            throw .outOfRange(reader.place(key, at: reader.offset - 1), allowed: 0...1, got: UInt64(byte))
        }
        return byte == 1
    }

    private mutating func array(_ key: String) throws(CheckpointError) -> GGUFValue {
        let element = try kind(of: key)
        guard element != .array else {
            throw .unsupported(reader.place(key), got: "an array of arrays", supported: "arrays of plain values")
        }
        let count = try count(
            "length of \(key)", limit: GGUFLimits.arrayElements, each: element.minimumBytes)
        if element == .string { return .strings(try strings(key, count: count)) }
        var bytes: [UInt8] = []
        try reader.bytes(count * element.minimumBytes, key, into: &bytes)
        return .numbers(GGUFNumbers(kind: element, count: count, bytes: bytes))
    }

    // MARK: Strings

    private mutating func strings(_ key: String, count: Int) throws(CheckpointError) -> PackedStrings {
        guard count <= stringsLeft else {
            throw .outOfRange(reader.place(key), allowed: 0...UInt64(stringsLeft), got: UInt64(count))
        }
        stringsLeft -= count
        var strings = PackedStrings()
        strings.reserve(count: count)
        for _ in 0..<count {
            try strings.append { (buffer) throws(CheckpointError) in
                try appendString(to: &buffer, key, limit: GGUFLimits.stringBytes)
            }
        }
        return strings
    }

    private mutating func string(_ field: String, limit: Int) throws(CheckpointError) -> String {
        var buffer: [UInt8] = []
        try appendString(to: &buffer, field, limit: limit)
        return String(decoding: buffer, as: UTF8.self)
    }

    private mutating func appendString(
        to buffer: inout [UInt8], _ field: String, limit: Int
    ) throws(CheckpointError) {
        let start = reader.offset
        let length: UInt64 = try reader.integer(field)
        guard length <= UInt64(limit) else {
            throw .outOfRange(reader.place("length of \(field)", at: start), allowed: 0...UInt64(limit), got: length)
        }
        let first = buffer.count
        try reader.bytes(Int(length), field, into: &buffer)
        guard Self.isUTF8(buffer[first...]) else {
            throw .malformed(reader.place(field, at: start), reason: "not valid UTF-8")
        }
    }

    private static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        if bytes.allSatisfy({ $0 < 0x80 }) { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }

    /// A key or tensor name: printable ASCII, so equal strings are equal bytes.
    private mutating func identifier(_ field: String, limit: Int) throws(CheckpointError) -> String {
        let start = reader.offset
        let text = try string(field, limit: limit)
        guard !text.isEmpty else { throw .malformed(reader.place(field, at: start), reason: "empty") }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformed(reader.place(field, at: start), reason: "has characters other than printable ASCII")
        }
        return text
    }

    // MARK: Tensors

    mutating func tensorDescription() throws(CheckpointError) -> TensorDescription {
        let start = reader.offset
        let name = try identifier("tensor name", limit: GGUFLimits.nameBytes)
        guard !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }) else {
            throw .malformed(reader.place("tensor name", at: start), reason: "\(name) has a path separator")
        }
        let dimensions = try dimensions(of: name)
        let typeOffset = reader.offset
        let number: UInt32 = try reader.integer("type of \(name)")
        guard let type = TensorType(rawValue: number) else {
            throw .unsupported(
                reader.place("type of \(name)", at: typeOffset), got: "tensor type \(number)",
                supported: TensorType.allCases.map(\.description).joined(separator: ", "))
        }
        let offset: UInt64 = try reader.integer("offset of \(name)")
        let byteCount = try byteCount(of: name, type, dimensions, describedAt: start)
        return TensorDescription(
            name: name, type: type, dimensions: dimensions, offset: offset, byteCount: byteCount, describedAt: start)
    }

    private mutating func dimensions(of name: String) throws(CheckpointError) -> [Int] {
        let start = reader.offset
        let count: UInt32 = try reader.integer("dimension count of \(name)")
        guard (1...UInt32(GGUFLimits.dimensions)).contains(count) else {
            throw .outOfRange(
                reader.place("dimension count of \(name)", at: start), allowed: 1...UInt64(GGUFLimits.dimensions),
                got: UInt64(count))
        }
        var dimensions: [Int] = []
        for _ in 0..<count {
            let start = reader.offset
            let dimension: UInt64 = try reader.integer("dimension of \(name)")
            guard dimension >= 1, let value = Int(exactly: dimension) else {
                throw .outOfRange(
                    reader.place("dimension of \(name)", at: start), allowed: 1...UInt64(Int.max), got: dimension)
            }
            dimensions.append(value)
        }
        return dimensions
    }

    private func byteCount(
        of name: String, _ type: TensorType, _ dimensions: [Int], describedAt start: Int
    ) throws(CheckpointError) -> Int {
        guard dimensions[0] % type.blockLength == 0 else {
            throw .malformed(
                reader.place(name, at: start),
                reason: "rows of \(dimensions[0]) values are not whole \(type) blocks of \(type.blockLength)")
        }
        var product = (partialValue: dimensions[0] / type.blockLength, overflow: false)
        for factor in dimensions.dropFirst() + [type.blockBytes] {
            product = product.partialValue.multipliedReportingOverflow(by: factor)
            guard !product.overflow else {
                throw .malformed(reader.place(name, at: start), reason: "its size overflows 64 bits")
            }
        }
        return product.partialValue
    }
}
