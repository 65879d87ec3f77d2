/// One metadata value of a GGUF file.
enum GGUFValue: Sendable, Equatable {
    case unsigned(UInt64)
    case signed(Int64)
    case float(Double)
    case bool(Bool)
    case string(String)
    case strings(PackedStrings)
    case numbers(GGUFNumbers)

    /// Numbers by which files name the kinds.
    enum Kind: UInt32, Sendable {
        case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

        /// Bytes of one value; strings and arrays count their length fields.
        var minimumBytes: Int {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        }
    }

    /// The word for it in an error message.
    var kind: String {
        switch self {
        case .unsigned, .signed: "an integer"
        case .float: "a float"
        case .bool: "a boolean"
        case .string: "a string"
        case .strings: "an array of strings"
        case .numbers: "an array of numbers"
        }
    }

    /// One line for people; arrays by their length.
    var summary: String {
        switch self {
        case .unsigned(let value): String(value)
        case .signed(let value): String(value)
        case .float(let value): String(Float(value))
        case .bool(let value): String(value)
        case .string(let value): value
        case .strings(let values): "[\(values.count) strings]"
        case .numbers(let values): "[\(values.count) numbers]"
        }
    }
}
