import JSON

/// One safetensors file: a header length u64, a JSON header, and tensors that fill the rest without gap or overlap.
///
/// The rules are those of the reference crate: the header is at most 100 MB, begins with `{` and may end in spaces;
/// `data_offsets` count from the end of the header; nothing in the file belongs to no tensor.
package struct SafetensorsFile: Sendable {
    let source: ByteSource
    let tensors: [TensorEntry]

    static let headerLimit = 100_000_000
    static let tensorLimit = 65_536

    /// The names of element types, and their bytes. Weights are of the first three; the others may occur beside them.
    private static let elementBytes: [String: Int] = [
        "F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1,
        "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
    ]

    init(_ source: ByteSource) throws(CheckpointError) {
        self.source = source
        let header = try Self.header(source)
        let dataStart = 8 + header.length
        var reader = EntryReader(source: source, dataStart: dataStart)
        for member in header.object.members {
            if member.name == "__metadata__" {
                try reader.checkMetadata(member.value)
            } else {
                try reader.add(member.name, member.value)
            }
        }
        try reader.checkCoverage()
        tensors = reader.entries
    }

    /// Reads a file that lies in memory for as long as this lives.
    package init(bytes: UnsafeRawBufferPointer, name: String) throws(CheckpointError) {
        try self.init(ByteSource(bytes: bytes, name: name))
    }

    private static func header(_ source: ByteSource) throws(CheckpointError) -> (object: JSONObject, length: Int) {
        func place(_ field: String, _ offset: Int) -> CheckpointError.Place {
            CheckpointError.Place(file: source.name, offset: offset, field: field)
        }
        var reader = ByteReader(source)
        let stated: UInt64 = try reader.integer("header length")
        let limit = min(headerLimit, reader.left)
        guard limit >= 2, (2...UInt64(limit)).contains(stated) else {
            throw .outOfRange(place("header length", 0), allowed: 2...UInt64(max(limit, 2)), got: stated)
        }
        let length = Int(stated)
        let bytes = try source.bytes(at: 8, length: length, field: "header")
        guard bytes[0] == UInt8(ascii: "{") else {
            throw .malformed(place("header", 8), reason: "does not begin with '{'")
        }
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 4, nodes: tensorLimit * 16))
        } catch {
            throw .malformed(place("header", 8 + error.offset), reason: error.reason)
        }
        guard let object = document.object else { throw .malformed(place("header", 8), reason: "is not an object") }
        guard object.count <= tensorLimit + 1 else {
            throw .outOfRange(
                place("tensor count", 8), allowed: 0...UInt64(tensorLimit), got: UInt64(object.count))
        }
        return (object, length)
    }

    /// Turns header members into entries and remembers which bytes they take.
    private struct EntryReader {
        let source: ByteSource
        let dataStart: Int
        private(set) var entries: [TensorEntry] = []
        private var ranges: [(begin: Int, end: Int, name: String)] = []

        init(source: ByteSource, dataStart: Int) {
            self.source = source
            self.dataStart = dataStart
        }

        private func place(_ field: String) -> CheckpointError.Place {
            CheckpointError.Place(file: source.name, offset: nil, field: field)
        }

        func checkMetadata(_ value: JSONValue) throws(CheckpointError) {
            guard let object = value.object, object.members.allSatisfy({ $0.value.string != nil }) else {
                throw .malformed(place("__metadata__"), reason: "must be an object of strings")
            }
        }

        mutating func add(_ name: String, _ value: JSONValue) throws(CheckpointError) {
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .malformed(place("tensor name"), reason: "must be printable ASCII")
            }
            guard let members = value.object, members.count == 3, let typeName = members["dtype"]?.string,
                let shapeValues = members["shape"]?.array, let offsetValues = members["data_offsets"]?.array
            else { throw .malformed(place(name), reason: "must have dtype, shape and data_offsets, nothing else") }
            guard let elementBytes = SafetensorsFile.elementBytes[typeName] else {
                throw .unsupported(place(name), got: "the element type \(typeName)", supported: "F32, F16, BF16")
            }
            let shape = try wholeNumbers(shapeValues, "shape of \(name)")
            let offsets = try wholeNumbers(offsetValues, "data_offsets of \(name)")
            guard offsets.count == 2, offsets[0] <= offsets[1] else {
                throw .malformed(place("data_offsets of \(name)"), reason: "must be a begin and an end behind it")
            }
            guard offsets[1] <= source.count - dataStart else {
                throw .truncated(
                    place(name), needed: UInt64(offsets[1]), left: UInt64(source.count - dataStart))
            }
            let bytes = try byteCount(shape, elementBytes, name)
            guard bytes == offsets[1] - offsets[0] else {
                throw .malformed(
                    place(name),
                    reason: "\(typeName) \(shape) takes \(bytes) bytes, data_offsets give \(offsets[1] - offsets[0])")
            }
            ranges.append((offsets[0], offsets[1], name))
            entries.append(
                TensorEntry(
                    name: name, type: Self.type(typeName), typeName: typeName, shape: shape, source: source,
                    offset: dataStart + offsets[0]))
        }

        private static func type(_ name: String) -> TensorType? {
            switch name {
            case "F32": .f32
            case "F16": .f16
            case "BF16": .bf16
            default: nil
            }
        }

        /// Written as integers: `1e3` and `2.0` are not.
        private func wholeNumbers(_ values: [JSONValue], _ field: String) throws(CheckpointError) -> [Int] {
            var numbers: [Int] = []
            for value in values {
                guard case .integer(let number) = value, number >= 0 else {
                    throw .malformed(place(field), reason: "must consist of whole numbers that are not negative")
                }
                numbers.append(Int(number))
            }
            return numbers
        }

        private func byteCount(
            _ shape: [Int], _ elementBytes: Int, _ name: String
        ) throws(CheckpointError) -> Int {
            var product = elementBytes
            for factor in shape {
                let next = product.multipliedReportingOverflow(by: factor)
                guard !next.overflow else { throw .malformed(place(name), reason: "its size overflows 64 bits") }
                product = next.partialValue
            }
            return product
        }

        /// A byte that belongs to two tensors or to none would let a file carry what its reader does not see.
        func checkCoverage() throws(CheckpointError) {
            var end = 0
            for range in ranges.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
                guard range.begin == end else {
                    throw .malformed(
                        place("data_offsets of \(range.name)"),
                        reason: "begin at \(range.begin), the tensor before it ends at \(end)")
                }
                end = range.end
            }
            guard end == source.count - dataStart else {
                throw .malformed(
                    place("tensors"), reason: "end at byte \(end) of the data, which has \(source.count - dataStart)")
            }
        }
    }
}
