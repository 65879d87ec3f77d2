import Model

/// Makes blocks of a quantized type of floats: round to nearest, with the best of a few scales for each sub-block.
///
/// Valid and about as near as the bits allow. The tools that make model files weigh the errors and come nearer.
struct Quantizer {
    let type: TensorType

    /// The types it makes.
    static let types = TensorType.allCases.filter { $0.blockLength > 1 }

    /// Whole blocks.
    func quantize(_ values: [Float]) -> [UInt8] {
        stride(from: 0, to: values.count, by: type.blockLength).flatMap { start in
            let block = values[start..<(start + type.blockLength)]
            return type.blockLength == 32 ? smallBlock(Array(block)) : largeBlock(Array(block))
        }
    }

    // MARK: Numbers

    /// What the codes 0, 1, … stand for before they are scaled.
    private enum Grid {
        case whole(from: Float, count: Float)
        case table([Float])

        func code(_ x: Float) -> Int {
            switch self {
            case .whole(let first, let count): return Int(min(max(x.rounded() - first, 0), count - 1))
            case .table(let values):
                return values.indices.min { abs(values[$0] - x) < abs(values[$1] - x) } ?? 0
            }
        }

        func value(_ code: Int) -> Float {
            switch self {
            case .whole(let first, _): first + Float(code)
            case .table(let values): values[code]
            }
        }
    }

    private var grid: Grid {
        switch type {
        case .q4_0: .whole(from: -8, count: 16)
        case .q5_0: .whole(from: -16, count: 32)
        case .q8_0: .whole(from: -127, count: 255)
        case .q2K: .whole(from: 0, count: 4)
        case .q3K: .whole(from: -4, count: 8)
        case .q5_1, .q5K: .whole(from: 0, count: 32)
        case .q6K: .whole(from: -32, count: 64)
        case .iq4NL, .iq4XS:
            .table([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113])
        default: .whole(from: 0, count: 16)
        }
    }

    /// Whether a least value is added to what the codes stand for.
    private var hasMinimum: Bool {
        switch type {
        case .q4_1, .q5_1, .q2K, .q4K, .q5K: true
        default: false
        }
    }

    private struct Fit {
        var scale: Float
        var minimum: Float
    }

    private static func half(_ x: Float) -> Float { Float(Float16(x)) }

    private func codes(_ x: ArraySlice<Float>, _ fit: Fit) -> [Int] {
        let grid = grid
        return x.map { grid.code(fit.scale == 0 ? 0 : ($0 - fit.minimum) / fit.scale) }
    }

    private func error(_ x: ArraySlice<Float>, _ fit: Fit) -> Float {
        let grid = grid
        return zip(x, codes(x, fit)).reduce(0) { sum, pair in
            let difference = pair.0 - fit.minimum - fit.scale * grid.value(pair.1)
            return sum + difference * difference
        }
    }

    /// The best of some scales, from one that holds the outermost value to ones that cut it off.
    private func fit(_ x: ArraySlice<Float>) -> Fit {
        guard let least = x.min(), let most = x.max() else { return Fit(scale: 0, minimum: 0) }
        var full = Fit(scale: 0, minimum: 0)
        if hasMinimum, case .whole(_, let count) = grid {
            // Blocks of 256 keep the minimum as a number to subtract.
            full.minimum = type.blockLength == 256 ? min(least, 0) : least
            full.scale = (most - full.minimum) / (count - 1)
        } else {
            full.scale = (most > -least ? most : least) / grid.value(0)
        }
        let fits = [1.05, 1, 0.95, 0.9, 0.85, 0.8].map { Fit(scale: full.scale * $0, minimum: full.minimum) }
        return fits.min { error(x, $0) < error(x, $1) } ?? full
    }

    // MARK: Blocks of 32

    private func smallBlock(_ x: [Float]) -> [UInt8] {
        let best = fit(x[...])
        let rounded = Fit(scale: Self.half(best.scale), minimum: Self.half(best.minimum))
        let codes = codes(x[...], rounded)
        var block = Block(type)
        block.put(half: rounded.scale, at: 0)
        if hasMinimum { block.put(half: rounded.minimum, at: 2) }
        let values = type.blockBytes - (type == .q8_0 ? 32 : 16)
        for (v, code) in codes.enumerated() {
            if type == .q8_0 {
                block.bytes[values + v] = UInt8(truncatingIfNeeded: code - 127)
            } else {
                block.put(code & 15, at: values + v % 16, shift: v / 16 * 4)
            }
            if type == .q5_0 || type == .q5_1 { block.put(code >> 4, at: values - 4 + v / 8, shift: v % 8) }
        }
        return block.bytes
    }

    // MARK: Blocks of 256

    /// Values that share a scale.
    private var subBlock: Int {
        switch type {
        case .q2K, .q3K, .q6K: 16
        default: 32
        }
    }

    /// The largest code of a scale.
    private var largestScale: Float {
        switch type {
        case .q2K: 15
        case .q4K, .q5K: 63
        case .q6K: 127
        default: 31
        }
    }

    private func largeBlock(_ x: [Float]) -> [UInt8] {
        let parts = stride(from: 0, to: 256, by: subBlock).map { x[$0..<($0 + subBlock)] }
        let fits = parts.map(fit)
        let d = Self.half((fits.map(\.scale.magnitude).max() ?? 0) / largestScale)
        let dmin = Self.half((fits.map(\.minimum.magnitude).max() ?? 0) / largestScale)
        var block = Block(type), codes: [Int] = []
        for (j, (part, fit)) in zip(parts, fits).enumerated() {
            let scale = d == 0 ? 0 : min((fit.scale / d).rounded(), largestScale)
            let minimum = dmin == 0 ? 0 : min((-fit.minimum / dmin).rounded(), largestScale)
            putScale(Int(max(scale, -largestScale)), Int(minimum), of: j, in: &block)
            codes += self.codes(part, Fit(scale: d * max(scale, -largestScale), minimum: -dmin * minimum))
        }
        putFactors(d, dmin, in: &block)
        for (v, code) in codes.enumerated() { put(code, of: v, in: &block) }
        return block.bytes
    }

    private func putFactors(_ d: Float, _ dmin: Float, in block: inout Block) {
        let place =
            switch type {
            case .q2K: 80
            case .q3K: 108
            case .q6K: 208
            default: 0
            }
        block.put(half: d, at: place)
        if hasMinimum { block.put(half: dmin, at: place + 2) }
    }

    /// The layouts stand beside the decoders in dequantize.c.
    private func putScale(_ scale: Int, _ minimum: Int, of j: Int, in block: inout Block) {
        let biased = scale + 32
        switch type {
        case .q2K: block.put(scale | minimum << 4, at: j, shift: 0)
        case .q3K:
            block.put(biased & 15, at: 96 + j % 8, shift: j / 8 * 4)
            block.put(biased >> 4, at: 104 + j % 4, shift: j / 4 * 2)
        case .q6K: block.bytes[192 + j] = UInt8(truncatingIfNeeded: scale)
        case .iq4XS:
            block.put(biased & 15, at: 4 + j / 2, shift: j % 2 * 4)
            block.put(biased >> 4, at: 2 + j / 4, shift: j % 4 * 2)
        default:
            if j < 4 {
                block.put(scale, at: 4 + j, shift: 0)
                block.put(minimum, at: 8 + j, shift: 0)
            } else {
                block.put(scale & 15 | (minimum & 15) << 4, at: 8 + j, shift: 0)
                block.put(scale >> 4, at: j, shift: 6)
                block.put(minimum >> 4, at: 4 + j, shift: 6)
            }
        }
    }

    private func put(_ code: Int, of v: Int, in block: inout Block) {
        switch type {
        case .q2K: block.put(code, at: 16 + v / 128 * 32 + v % 32, shift: v % 128 / 32 * 2)
        case .q3K:
            block.put(code & 3, at: 32 + v / 128 * 32 + v % 32, shift: v % 128 / 32 * 2)
            block.put(code >> 2, at: v % 32, shift: v / 32)
        case .q4K: block.put(code, at: 16 + v / 64 * 32 + v % 32, shift: v / 32 % 2 * 4)
        case .q5K:
            block.put(code & 15, at: 48 + v / 64 * 32 + v % 32, shift: v / 32 % 2 * 4)
            block.put(code >> 4, at: 16 + v % 32, shift: v / 32)
        case .q6K:
            block.put(code & 15, at: v / 128 * 64 + v % 64, shift: v % 128 / 64 * 4)
            block.put(code >> 4, at: 128 + v / 128 * 32 + v % 32, shift: v % 128 / 32 * 2)
        default: block.put(code, at: 8 + v / 32 * 16 + v % 16, shift: v % 32 / 16 * 4)
        }
    }

    /// One block, zeros at first.
    private struct Block {
        var bytes: [UInt8]

        init(_ type: TensorType) { bytes = [UInt8](repeating: 0, count: type.blockBytes) }

        mutating func put(half: Float, at place: Int) {
            let bits = Float16(half).bitPattern
            bytes[place] = UInt8(bits & 0xff)
            bytes[place + 1] = UInt8(bits >> 8)
        }

        mutating func put(_ bits: Int, at place: Int, shift: Int) {
            bytes[place] |= UInt8(truncatingIfNeeded: bits << shift)
        }
    }
}
