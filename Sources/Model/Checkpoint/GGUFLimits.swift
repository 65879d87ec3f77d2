/// Bounds on a GGUF header, far above what real models have and far below what hurts.
enum GGUFLimits {
    static let metadataEntries = 100_000
    static let tensors = 65_536
    static let keyBytes = 65_535
    static let stringBytes = 16 << 20
    static let arrayElements = 16 << 20
    /// Strings in all arrays together.
    static let strings = 4 << 20
    /// Everything before the tensor data.
    static let headerBytes = 256 << 20
    static let nameBytes = 64
    static let dimensions = 4
    static let alignment: ClosedRange<UInt64> = 8...65_536
    static let defaultAlignment = 32
    static let parts = 1_024
    static let tokenBytes = 65_536
}
