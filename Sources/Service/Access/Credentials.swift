import HTTP
import HTTPTypes
import OpenAI

/// The key that a request shows: `Authorization: Bearer KEY` (RFC 6750, 2.1), or `x-api-key: KEY`.
enum Credentials {
    private static let apiKey = HTTPField.Name("x-api-key")

    /// Nil when there is none; empty when what is there is no key, such as a password.
    static func key(in head: RequestHead) throws(APIError) -> [UInt8]? {
        let bearers = head.fields[fields: .authorization].map { key(ofBearer: bytes(of: $0)) }
        let others = apiKey.map { head.fields[fields: $0].map { bytes(of: $0) } } ?? []
        // Two keys, and a proxy that looks at the other one than we do would be fooled.
        guard bearers.count <= 1, others.count <= 1 else {
            throw .invalid(nil, "A request may show one API key, not several.", code: "several_api_keys")
        }
        let (bearer, other) = (bearers.first, others.first)
        if let bearer, let other, !bearer.isEmpty, bearer != other {
            throw .invalid(nil, "'Authorization' and 'x-api-key' show different keys.", code: "several_api_keys")
        }
        return other ?? bearer
    }

    private static func bytes(of field: HTTPField) -> [UInt8] { field.withUnsafeBytesOfValue { Array($0) } }

    /// The scheme in any case, one space, and no space behind.
    private static func key(ofBearer value: [UInt8]) -> [UInt8] {
        let scheme = Array("bearer ".utf8)
        let key = value.dropFirst(scheme.count)
        let isBearer = zip(value, scheme).allSatisfy { $0 == $1 || $0 | 0x20 == $1 } && value.count > scheme.count
        return isBearer && !key.contains(UInt8(ascii: " ")) ? Array(key) : []
    }
}
