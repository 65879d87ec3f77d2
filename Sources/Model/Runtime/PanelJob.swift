import CKernels
import Synchronization

/// Lays one stored tensor into strips: the team takes stretches of rows, reads them as stored and writes them in the
/// kernel's order.
///
/// Workers of the team share it; each touches only its own buffers and the strips of its items.
final class PanelJob {
    private let tensor: StoredTensor
    private let panel: WeightLayout.Panel
    private let memory: UnsafeMutableRawPointer
    /// Rows of one item, whole strips: a whole head where rows change places within a head.
    private let itemRows: Int
    private let stored: UnsafeMutableRawBufferPointer
    private let scratch: UnsafeMutableBufferPointer<Float>
    private let failure = Mutex<CheckpointError?>(nil)

    /// `memory` of the panel must be zeroed: padding is not written.
    init(tensor: StoredTensor, panel: WeightLayout.Panel, memory: UnsafeMutableRawPointer, workers: Int) {
        self.tensor = tensor
        self.panel = panel
        self.memory = memory
        itemRows = tensor.rotaryLayout?.headSize ?? 64
        stored = .allocate(byteCount: workers * itemRows * tensor.rowBytes, alignment: 64)
        scratch = .allocate(capacity: workers * panel.depth)
        scratch.initialize(repeating: 0)
    }

    deinit {
        stored.deallocate()
        scratch.deallocate()
    }

    func run(on team: ThreadTeam) throws(RuntimeError) {
        team.share(items, work)
        if let error = failure.withLock({ $0 }) { throw .checkpoint(error) }
    }

    private var items: Int { (tensor.rows + itemRows - 1) / itemRows }

    private func work(_ item: Int, _ worker: Int) {
        let first = item * itemRows
        let count = min(itemRows, tensor.rows - first)
        let bytes = itemRows * tensor.rowBytes
        let buffer = UnsafeMutableRawBufferPointer(rebasing: stored[(worker * bytes)..<((worker + 1) * bytes)])
        do { try tensor.read(row: first, count: count, into: buffer) } catch {
            failure.withLock { $0 = $0 ?? error }
            return
        }
        guard let source = UnsafeRawPointer(buffer.baseAddress), let scratch = scratch.baseAddress else { return }
        let strip = Int(CK_STRIP)
        withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: strip) { rows in
            for start in stride(from: first, to: first + count, by: strip) {
                for row in start..<(start + strip) {
                    let place = tensor.rotaryLayout?.storedRow(row) ?? row
                    let isThere = row < tensor.rows
                    rows.initializeElement(
                        at: row - start, to: isThere ? source + (place - first) * tensor.rowBytes : nil)
                }
                panel.format.pointer.pointee.lay(
                    memory, panel.depth, panel.strips, start / strip, tensor.type.kernelType, tensor.columns,
                    rows.baseAddress, scratch + worker * panel.depth)
            }
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
