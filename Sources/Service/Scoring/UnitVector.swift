/// A vector of length 1 that points where another does.
enum UnitVector {
    /// The first `count` values of a vector, or all, as a vector of length 1. Zeros stay zeros: they point nowhere.
    static func of(_ vector: [Float], first count: Int?) -> [Float] {
        let kept = vector.prefix(count ?? vector.count)
        let length = kept.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return length > 0 ? kept.map { Float(Double($0) / length) } : Array(kept)
    }
}
