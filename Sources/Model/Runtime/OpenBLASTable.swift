import CKernels
import COpenBLAS

extension KernelTable {
    /// The reference table with its products computed by OpenBLAS: everything in float32.
    ///
    /// Each worker of the team multiplies its own rows. OpenBLAS' order of additions may depend on the number of
    /// columns: this table is right, but not the same to the bit whatever the batch.
    package static func openBLAS() throws(RuntimeError) -> KernelTable {
        if let problem = openblas_load() { throw .noOpenBLAS(reason: String(cString: problem)) }
        return openBLASTable
    }

    private static let openBLASTable: KernelTable = {
        let table = UnsafeMutablePointer<ck_table>.allocate(capacity: 1)
        table.initialize(to: reference.table.pointee)
        table.pointee.name = openBLASName
        table.pointee.item_strips = 32
        table.pointee.format = { _ in KernelTable.openBLASFormat.pointer }
        return KernelTable(table: table)
    }()

    private static let openBLASFormat: WeightFormat = {
        let format = UnsafeMutablePointer<ck_format>.allocate(capacity: 1)
        format.initialize(to: reference.format(of: .f32).pointer.pointee)
        format.pointee.multiply = { panel, depth, firstStrip, strips, operands, columns, out, stride, add in
            let rows = Int32(strips * Int(CK_STRIP)), depthCount = Int32(depth)
            guard let panel, let operands else { return }
            let weights = panel.assumingMemoryBound(to: Float.self) + firstStrip * Int(CK_STRIP) * depth
            let x = operands.assumingMemoryBound(to: Float.self)
            let keep: Float = add ? 1 : 0
            if columns == 1 {
                openblas_matrix_vector(rows, depthCount, weights, x, keep, out)
            } else {
                openblas_matrix_matrix(Int32(columns), rows, depthCount, x, weights, keep, out, Int32(stride))
            }
        }
        return WeightFormat(pointer: UnsafePointer(format))
    }()

    /// Portable float32, on every CPU.
    package static var reference: KernelTable { supported[supported.count - 1] }

    /// Lives as long as the process, as the table does.
    private static var openBLASName: UnsafePointer<CChar> {
        let name: StaticString = "openblas"
        return UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
