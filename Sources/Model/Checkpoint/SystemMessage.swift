#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The system's text for an errno.
package struct SystemMessage: CustomStringConvertible {
    let code: Int32

    package init(_ code: Int32) { self.code = code }

    package var description: String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}
