/// Why the runtime cannot be set up.
package enum RuntimeError: Error, Equatable {
    /// No kernel table of that name on this CPU.
    case unknownKernels(name: String, supported: [String])
    case noOpenBLAS(reason: String)
    /// A dimension that no kernel takes.
    case unsupportedShape(field: String, got: Int, rule: String)
    case memory(bytes: Int, code: Int32)
    case addresses(free: Int, fewest: Int)
    case threads(count: Int, code: Int32)
    case checkpoint(CheckpointError)
    case memoryPlan(MemoryPlanError)
}

extension RuntimeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownKernels(let name, let supported):
            "no kernels \"\(name)\" on this CPU; it runs: \(supported.joined(separator: ", "))"
        case .noOpenBLAS(let reason): "OpenBLAS cannot be loaded (Debian: apt-get install libopenblas0): \(reason)"
        case .unsupportedShape(let field, let got, let rule): "model has \(field) \(got); it must be \(rule)"
        case .memory(let bytes, let code): "cannot get \(bytes) bytes of memory: \(SystemMessage(code))"
        case .addresses(let free, let fewest):
            "the limit of addressable memory (ulimit -v) leaves \(free) bytes beside threads; \(fewest) are the least"
        case .threads(let count, let code): "cannot start \(count) threads: \(SystemMessage(code))"
        case .checkpoint(let error): "\(error)"
        case .memoryPlan(let error): "\(error)"
        }
    }
}
