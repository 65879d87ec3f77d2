import CKernels
import Model
import TestSupport
import Testing

struct QuantizerTests {
    /// Bits of one value. Evenly spread codes that reach about two and a half standard deviations to either side err
    /// by 1.4 / 2^bits of one.
    private static func bits(_ type: TensorType) -> Int {
        switch type {
        case .q2K: 2
        case .q3K: 3
        case .q5_0, .q5_1, .q5K: 5
        case .q6K: 6
        case .q8_0: 8
        default: 4
        }
    }

    private static func dequantized(_ bytes: [UInt8], _ type: TensorType, count: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        bytes.withUnsafeBytes { ck_dequantize(ck_type(rawValue: type.rawValue), $0.baseAddress, &values, count) }
        return values
    }

    @Test(arguments: Quantizer.types, [1, 0.02] as [Float])
    func `comes as near as the bits of a type allow`(type: TensorType, size: Float) {
        var generator = SplitMix64(seed: 31)
        let values = Samples.normal(4096, using: &generator).map { $0 * size }
        let got = Self.dequantized(Quantizer(type: type).quantize(values), type, count: values.count)
        let squares = zip(values, got).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let error = (squares / Double(values.count)).squareRoot() / Double(size)
        #expect(error <= 1.4 / Double(1 << Self.bits(type)), "error \(error)")
    }

    @Test(arguments: Quantizer.types)
    func `keeps zeros, and blocks of very different size`(type: TensorType) {
        var values = [Float](repeating: 0, count: 768)
        for index in 256..<512 { values[index] = index.isMultiple(of: 2) ? 1 : -1 }
        for index in 512..<768 { values[index] = index.isMultiple(of: 3) ? 0.01 : -0.01 }
        let got = Self.dequantized(Quantizer(type: type).quantize(values), type, count: values.count)
        for (value, got) in zip(values, got) { #expect(abs(value - got) <= 0.3 * abs(value)) }
    }
}
