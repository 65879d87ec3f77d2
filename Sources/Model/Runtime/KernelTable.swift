package import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The functions that compute, for one instruction set.
///
/// `@unchecked Sendable`: points at a table that never changes.
package struct KernelTable: @unchecked Sendable {
    package let table: UnsafePointer<ck_table>

    package var name: String { String(cString: table.pointee.name) }

    /// How these kernels keep a matrix of a stored type.
    package func format(of type: TensorType) -> WeightFormat {
        // kernels.h promises a format for every type.
        guard let format = table.pointee.format(type.kernelType) else { preconditionFailure("no kernels for \(type)") }
        return WeightFormat(pointer: format)
    }

    /// How these kernels hold activations of a form.
    package func form(_ kind: ck_form_kind) -> ck_form { ck_form_of(table, kind).pointee }

    /// How these kernels hold activations beside weights of a stored type, such as "int8".
    package func formName(of type: TensorType) -> String { String(cString: form(format(of: type).form).name) }

    /// Tables this CPU runs, best first; the last is always `reference`.
    package static let supported: [KernelTable] = {
        var tables: [KernelTable] = []
        var index = 0
        while let table = ck_table_at(index) {
            if table.pointee.supported() { tables.append(KernelTable(table: table)) }
            index += 1
        }
        return tables
    }()

    package static let best = KernelTable(table: ck_table_best())

    /// The table called `name`, or the best one for nil.
    package static func named(_ name: String?) throws(RuntimeError) -> KernelTable {
        guard let name else { return best }
        if let table = supported.first(where: { $0.name == name }) { return table }
        throw .unknownKernels(name: name, supported: supported.map(\.name))
    }

    /// What DROVER_KERNELS says; nil if it is unset or empty.
    package static var forcedName: String? {
        guard let value = getenv("DROVER_KERNELS"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
