/// Bounds on the shape of a model. The largest of the herd, 405B, has 126 layers of width 16384; products of
/// numbers within these bounds fit 64 bits.
enum ModelLimits {
    static let layers = 1...1_024
    static let width = 1...131_072
    static let feedForwardWidth = 1...1_048_576
    static let heads = 1...4_096
    static let headSize = 2...1_024
    static let vocabulary = 1...4_194_304
    static let contextLength = 1...16_777_216

    /// Rules between the numbers.
    static func check(
        heads: Int, keyValueHeads: Int, headSize: Int, names: (keyValueHeads: String, headSize: String), file: String
    ) throws(CheckpointError) {
        guard heads % keyValueHeads == 0 else {
            throw .malformed(
                CheckpointError.Place(file: file, offset: nil, field: names.keyValueHeads),
                reason: "\(keyValueHeads) K/V heads do not divide \(heads) heads")
        }
        guard headSize % 2 == 0 else {
            throw .malformed(
                CheckpointError.Place(file: file, offset: nil, field: names.headSize),
                reason: "a head of \(headSize) values cannot be rotated in pairs")
        }
    }
}
