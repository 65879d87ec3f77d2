import CAPIDocument

/// openapi.yaml, as the binary carries it.
enum APIDocument {
    static var bytes: [UInt8] {
        Array(UnsafeBufferPointer(start: api_document_bytes(), count: api_document_length()))
    }
}
