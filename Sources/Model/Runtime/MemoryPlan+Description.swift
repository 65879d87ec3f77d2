import CKernels

extension MemoryPlan: CustomStringConvertible {
    /// The plan in lines of text, for the log at start and for `inspect`.
    package var description: String {
        let shape = configuration
        let types = storedTypes.map { "\($0.tensors) \($0.type)" }.joined(separator: ", ")
        let perToken = "\(Bytes(cacheBytesPerToken)) a token"
        return """
            model: \(modelName), \(parameterCount) parameters; tensors: \(types)
            shape: \(shape.layers) layers, width \(shape.width), \(shape.heads) query heads over \
            \(shape.keyValueHeads) K/V heads of \(shape.headSize), vocabulary \(shape.vocabularySize)
            kernels: \(kernels.name), \(threads) threads
            weights: \(Bytes(weightBytes)) in strips of \(formats)
            K/V: \(perToken) as \(cacheFormat.name), \(shape.groupSize) x less than multi-head attention (\(Bytes(multiHeadBytesPerToken)))
            K/V pool: \(Bytes(cacheBytes)) in \(blockCount) blocks of \(KVBlock.tokens) tokens; \
            \(sequences) of \(contextLength) tokens fit
            workspace: \(Bytes(workspaceBytes)) for \(capacity.rows) rows a step; memory available: \
            \(Bytes(availableBytes))
            """
    }

    /// Formats of the weights, and of the activations they are multiplied with.
    private var formats: String {
        var bytes: [String: Int] = [:]
        for panel in weights.productPanels {
            let form = String(cString: kernels.form(panel.form).name)
            bytes["\(panel.format.name) x \(form)", default: 0] += panel.bytes
        }
        return bytes.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.map(\.key).joined(separator: ", ")
    }

    /// With one decimal, rounded down.
    private var sequences: String {
        let tenths = Int(fullContextSequences * 10)
        return "\(tenths / 10).\(tenths % 10) sequences"
    }
}

extension MemoryPlanError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .doesNotFit(let needed, let available):
            "the model needs \(Bytes(needed)) of memory (\(needed) bytes), available are \(Bytes(available)) "
                + "(\(available) bytes)"
        case .cacheTooSmall(let bytes, let blockBytes):
            "\(bytes) bytes of K/V memory do not hold one block of \(KVBlock.tokens) tokens (\(blockBytes) bytes)"
        }
    }
}

/// An amount of memory, for people.
struct Bytes: CustomStringConvertible {
    let count: Int

    init(_ count: Int) { self.count = count }

    var description: String {
        var value = Double(count)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        while value >= 1024, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
