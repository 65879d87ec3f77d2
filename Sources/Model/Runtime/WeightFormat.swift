package import CKernels

/// A way to keep a weight matrix, of one kernel table.
///
/// `@unchecked Sendable`: points at a table entry that never changes.
package struct WeightFormat: @unchecked Sendable {
    package let pointer: UnsafePointer<ck_format>

    package var name: String { String(cString: pointer.pointee.name) }
    /// Of the activations that such a matrix is multiplied with.
    package var form: ck_form_kind { pointer.pointee.form }

    /// Bytes of 16 rows.
    func stripBytes(depth: Int) -> Int { pointer.pointee.strip_bytes(depth) }
}
