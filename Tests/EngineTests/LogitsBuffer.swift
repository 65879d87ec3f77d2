import Model

/// A row of logits over memory of its own.
final class LogitsBuffer {
    let row: LogitsRow
    private let memory: UnsafeMutableBufferPointer<Float>

    init(_ values: [Float], _ kernels: KernelTable = .best) {
        memory = .allocate(capacity: max(1, values.count))
        _ = memory.initialize(from: values)
        row = LogitsRow(
            values: memory.baseAddress ?? .allocate(capacity: 1), count: values.count, kernels: kernels)
    }

    deinit { memory.deallocate() }

    var values: [Float] { (0..<row.count).map { memory[$0] } }
}
