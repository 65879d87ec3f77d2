import CKernels
import Dispatch
import Synchronization

extension StoredTensor {
    /// The type that the kernels keep it as. F16 and F32 weights that were bf16 once, as those of the Llama models were,
    /// lose nothing as bf16 and are multiplied faster; if a single value would be rounded, all stay as they are.
    ///
    /// Reads such a tensor through, up to that value, on all cores.
    var keptType: TensorType {
        guard type == .f16 || type == .f32, rows > 1 else { return type }
        let chunk = max(1, Self.chunkBytes / rowBytes), chunks = (rows + chunk - 1) / chunk
        let rounds = Atomic(false)
        DispatchQueue.concurrentPerform(iterations: chunks) { index in
            guard !rounds.load(ordering: .relaxed) else { return }
            if !fits(index * chunk, count: min(chunk, rows - index * chunk)) { rounds.store(true, ordering: .relaxed) }
        }
        return rounds.load(ordering: .relaxed) ? type : .bf16
    }

    private static let chunkBytes = 1 << 20

    /// False too where the file cannot be read; whoever loads it will say so.
    private func fits(_ row: Int, count: Int) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: count * rowBytes, alignment: 64) { bytes in
            guard (try? read(row: row, count: count, into: bytes)) != nil else { return false }
            return ck_fits_bf16(type.kernelType, bytes.baseAddress, count * columns)
        }
    }
}
