#if canImport(Glibc)
import Glibc
#endif

/// Whole seconds since 1970, for `created` fields.
package enum UnixTime {
    package static var now: Int64 { Int64(time(nil)) }
}
