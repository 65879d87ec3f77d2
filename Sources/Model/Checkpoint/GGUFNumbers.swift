/// An array of numbers or booleans as it lies in the file.
struct GGUFNumbers: Sendable, Equatable {
    let kind: GGUFValue.Kind
    let count: Int
    /// (count) little-endian values
    let bytes: [UInt8]

    /// The values, if they are integers that fit 32 bits.
    var int32s: [Int32]? {
        switch kind {
        case .uint8: convert(UInt8.self)
        case .int8: convert(Int8.self)
        case .uint16: convert(UInt16.self)
        case .int16: convert(Int16.self)
        case .uint32: convert(UInt32.self)
        case .int32: convert(Int32.self)
        case .uint64: convert(UInt64.self)
        case .int64: convert(Int64.self)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    private func convert<Value: FixedWidthInteger>(_: Value.Type) -> [Int32]? {
        var values: [Int32] = []
        values.reserveCapacity(count)
        let fits = bytes.withUnsafeBytes { buffer in
            for position in 0..<count {
                let offset = position * MemoryLayout<Value>.size
                let value = Value(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: Value.self))
                guard let small = Int32(exactly: value) else { return false }
                values.append(small)
            }
            return true
        }
        return fits ? values : nil
    }
}
