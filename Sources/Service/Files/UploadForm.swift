import HTTP
import JSON
import Jobs
import OpenAI

/// The form of an upload. The file goes to the disk as it comes, the other fields are short.
struct UploadForm {
    let upload: FileUpload
    let name: String
    let purpose: String
    /// Seconds; nil for as long as nobody deletes it.
    let lifetime: Int64?

    /// OpenAI's limit of a batch's file.
    static let fileLimit = 200 << 20
    private static let fieldLimit = 1024

    /// What has come of the form.
    private struct Draft {
        var fields: [String: [UInt8]] = [:]
        var upload: FileUpload?
        var name = ""
        var current = ""
    }

    static func read(_ body: RequestBody, _ contentType: String, into files: FileStore) async throws -> UploadForm {
        var parser = try MultipartParser(contentType: contentType)
        var draft = Draft()
        var isWhole = false
        while let piece = try await body.next() {
            parser.append(piece)
            while let event = try parser.next() {
                if event == .end { isWhole = true } else { try await take(event, into: &draft, files) }
            }
        }
        guard isWhole else { throw MultipartError.malformed("the last boundary is missing") }
        return try form(draft)
    }

    private static func take(_ event: MultipartParser.Event, into draft: inout Draft, _ files: FileStore) async throws {
        switch event {
        case .end: break
        case .part(let name, let filename):
            draft.current = name
            guard name == "file" else {
                guard draft.fields.updateValue([], forKey: name) == nil else { throw twice(name) }
                return
            }
            guard draft.upload == nil else { throw twice(name) }
            draft.name = try checked(filename ?? "")
            draft.upload = try await files.begin()
        case .data(let bytes) where draft.current == "file":
            guard let upload = draft.upload else { return }
            guard upload.count + bytes.count <= fileLimit else {
                throw APIError(
                    status: 413, type: "invalid_request_error",
                    message: "The file is larger than \(fileLimit) bytes.", param: "file", code: "file_too_large")
            }
            try await upload.append(bytes)
        case .data(let bytes):
            draft.fields[draft.current]? += bytes
            guard draft.fields[draft.current]?.count ?? 0 <= fieldLimit else {
                throw APIError.invalid(
                    String(draft.current.prefix(100)), "The field is longer than \(fieldLimit) bytes.")
            }
        }
    }

    private static func form(_ draft: Draft) throws(APIError) -> UploadForm {
        guard let upload = draft.upload else { throw .invalid("file", "'file' is required.") }
        guard upload.count > 0 else { throw .invalid("file", "The file is empty.") }
        var fields = JSONObject()
        for (name, bytes) in draft.fields {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .invalid(String(name.prefix(100)), "The field is not UTF-8.")
            }
            fields[name] = .string(text)
        }
        var reader = try FieldReader(.object(fields))
        guard let purpose = try reader.string("purpose") else { throw .invalid("purpose", "'purpose' is required.") }
        guard purpose == "batch" else {
            throw .invalid("purpose", "'purpose' must be 'batch': this server has no other use for files.")
        }
        let lifetime = try lifetime(&reader)
        try reader.finish()
        return UploadForm(upload: upload, name: draft.name, purpose: purpose, lifetime: lifetime)
    }

    /// OpenAI's clients write the members of an object as fields with brackets.
    private static func lifetime(_ reader: inout FieldReader) throws(APIError) -> Int64? {
        let anchor = try reader.string("expires_after[anchor]")
        let seconds = try reader.string("expires_after[seconds]")
        guard anchor != nil || seconds != nil else { return nil }
        let number = seconds.flatMap(JSONValue.wholeNumber).map { JSONValue.integer(Int64($0)) }
        return try ExpiryRule(
            ["anchor": anchor.map(JSONValue.string) ?? .null, "seconds": number ?? .null], path: "expires_after"
        ).seconds
    }

    /// A name is shown and never opened.
    private static func checked(_ name: String) throws(APIError) -> String {
        guard name.utf8.count <= 255, name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid("file", "The file's name must have at most 255 bytes and no control characters.")
        }
        return name.isEmpty ? "file" : name
    }

    private static func twice(_ name: String) -> APIError {
        .invalid(String(name.prefix(100)), "The field '\(name.prefix(100))' is there twice.")
    }
}
