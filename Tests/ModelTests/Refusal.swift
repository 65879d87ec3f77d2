import Model

/// The reason why the bytes are refused; nil if they load.
func refusal(of bytes: [UInt8]) -> CheckpointError? {
    bytes.withUnsafeBytes { buffer in
        do throws(CheckpointError) {
            _ = try Checkpoint(bytes: buffer, name: "test.gguf")
            return nil
        } catch {
            return error
        }
    }
}

func refusal(of builder: GGUFBuilder) -> CheckpointError? { refusal(of: builder.build()) }

/// The reason why the model at a path is refused; nil if it loads.
func refusal(at path: String) -> CheckpointError? {
    do throws(CheckpointError) {
        _ = try Checkpoint(path: path)
        return nil
    } catch {
        return error
    }
}

extension CheckpointError {
    /// The field that the error names.
    var field: String {
        switch self {
        case .truncated(let place, _, _), .outOfRange(let place, _, _), .malformed(let place, _),
            .unsupported(let place, _, _):
            place.field
        case .missing(_, _, let names): names.joined(separator: ",")
        case .notRegularFile, .system: ""
        }
    }
}
