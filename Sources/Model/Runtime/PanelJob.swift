import CKernels
import Synchronization

/// Lays one stored tensor into a panel: the team takes stretches of rows, reads them, makes them float32 and
/// writes them in the kernel's order.
///
/// Workers of the team share it; each touches only its own buffer and the panel rows of its items.
final class PanelJob {
    /// Which rows of the panel the tensor's rows become.
    enum Rows {
        case from(Int)
        /// Stretches of `CK_GATE_ROWS`, the first or the second of each two.
        case alternating(second: Bool)
    }

    private let tensor: StoredTensor
    private let panel: UnsafeMutableRawPointer
    private let depth: Int
    private let rows: Rows
    private let kernels: KernelTable
    /// Rows of one item: a whole head where rows change places within a head.
    private let itemRows: Int
    private let stored: UnsafeMutableRawBufferPointer
    private let values: UnsafeMutableBufferPointer<Float>
    private let failure = Mutex<CheckpointError?>(nil)

    /// `panel` must be zeroed: padding is not written.
    init(
        tensor: StoredTensor, panel: UnsafeMutableRawPointer, depth: Int, rows: Rows, kernels: KernelTable, workers: Int
    ) {
        self.tensor = tensor
        self.panel = panel
        self.depth = depth
        self.rows = rows
        self.kernels = kernels
        itemRows = tensor.rotaryLayout?.headSize ?? 64
        stored = .allocate(byteCount: workers * itemRows * tensor.rowBytes, alignment: 64)
        values = .allocate(capacity: workers * depth)
        values.initialize(repeating: 0)
    }

    deinit {
        stored.deallocate()
        values.deallocate()
    }

    func run(on team: ThreadTeam) throws(RuntimeError) {
        withExtendedLifetime(self) {
            ck_team_run(
                team.team, Unmanaged.passUnretained(self).toOpaque(), 1,
                { context, _ in context.map { PanelJob.at($0).items } ?? 0 },
                { context, _, item, worker in if let context { PanelJob.at(context).work(item, worker) } })
        }
        if let error = failure.withLock({ $0 }) { throw .checkpoint(error) }
    }

    private static func at(_ context: UnsafeRawPointer) -> PanelJob {
        Unmanaged<PanelJob>.fromOpaque(context).takeUnretainedValue()
    }

    private var items: Int { (tensor.rows + itemRows - 1) / itemRows }

    private func work(_ item: Int, _ worker: Int) {
        let first = item * itemRows
        let count = min(itemRows, tensor.rows - first)
        let bytes = itemRows * tensor.rowBytes
        let buffer = UnsafeMutableRawBufferPointer(rebasing: stored[(worker * bytes)..<((worker + 1) * bytes)])
        let row = UnsafeMutableBufferPointer(rebasing: values[(worker * depth)..<((worker + 1) * depth)])
        do { try tensor.read(row: first, count: count, into: buffer) } catch {
            failure.withLock { $0 = $0 ?? error }
            return
        }
        guard let source = buffer.baseAddress, let values = row.baseAddress else { return }
        for index in first..<(first + count) {
            let place = tensor.rotaryLayout?.storedRow(index) ?? index
            let type = tensor.type.kernelType
            ck_dequantize(type, source + (place - first) * tensor.rowBytes, values, tensor.columns)
            kernels.table.pointee.lay(panel, depth, panelRow(index), values)
        }
    }

    private func panelRow(_ row: Int) -> Int {
        switch rows {
        case .from(let first): return first + row
        case .alternating(let second):
            let stretch = Int(CK_GATE_ROWS)
            return row / stretch * 2 * stretch + (second ? stretch : 0) + row % stretch
        }
    }
}

extension RotaryLayout {
    var headSize: Int {
        switch self {
        case .halfSplit(let size), .interleaved(let size): size
        }
    }
}

extension TensorType {
    /// The C dequantizer of this type; the numbers are the same.
    var kernelType: ck_type { ck_type(rawValue: rawValue) }
}
