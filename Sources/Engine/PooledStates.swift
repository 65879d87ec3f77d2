/// The vector of a prompt while its hidden states come in, one after another in the order of their tokens: the sum is
/// the same however the prompt was cut.
struct PooledStates {
    private let pooling: Pooling
    private var sum: [Double] = []
    private var count = 0

    init(_ pooling: Pooling) { self.pooling = pooling }

    /// False if there is something in it that is not a number.
    mutating func add(_ state: [Float]) -> Bool {
        if sum.isEmpty || pooling == .last {
            (sum, count) = (state.map(Double.init), 1)
        } else {
            for index in sum.indices { sum[index] += Double(state[index]) }
            count += 1
        }
        return state.allSatisfy(\.isFinite)
    }

    /// (width)
    var vector: [Float] { sum.map { Float($0 / Double(count)) } }
}
