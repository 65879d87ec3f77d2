import CKernels
import JSON
import Model
import Testing

struct DequantizeTests {
    @Test func `knows which halves bf16 holds`() {
        for half in UInt16.min...UInt16.max {
            var value: Float = 0
            withUnsafeBytes(of: half) { ck_dequantize(CK_F16, $0.baseAddress, &value, 1) }
            let fits = withUnsafeBytes(of: half) { ck_fits_bf16(CK_F16, $0.baseAddress, 1) }
            #expect(fits == (value.bitPattern & 0xffff == 0), "\(half)")
        }
        for (bits, expected) in [(0x3f80_0000, true), (0x3f80_0001, false), (0x0000_8000, false)] as [(UInt32, Bool)] {
            let values = [0, bits, 0]
            #expect(values.withUnsafeBytes { ck_fits_bf16(CK_F32, $0.baseAddress, 3) } == expected)
        }
        #expect(withUnsafeBytes(of: UInt16(0x1234)) { ck_fits_bf16(CK_BF16, $0.baseAddress, 1) })
        #expect(!withUnsafeBytes(of: UInt64(0)) { ck_fits_bf16(CK_Q8_0, $0.baseAddress, 32) })
    }

    /// Blocks of one type, and what PyPI's gguf makes of them (make_quantized.py).
    struct Sample: Sendable, CustomStringConvertible {
        let type: TensorType
        let blocks: [UInt8]
        let expected: [UInt32]
        var description: String { type.description }
    }

    static let samples: [Sample] = {
        guard let index = try? JSONValue(parsing: Fixture.bytes("quantized.json")).array,
            let data = try? Fixture.bytes("quantized.bin")
        else { return [] }
        return index.compactMap { entry in
            guard let object = entry.object, let number = object["number"]?.integer,
                let type = TensorType(rawValue: UInt32(number)), let values = object["values"]?.integer,
                let bytes = object["bytes"]?.integer, let offset = object["offset"]?.integer
            else { return nil }
            let end = Int(offset + bytes)
            let expected = data[end..<end + 4 * Int(values)].withUnsafeBytes { buffer in
                (0..<Int(values)).map { buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
            }
            return Sample(type: type, blocks: Array(data[Int(offset)..<end]), expected: expected)
        }
    }()

    @Test func `has a sample of every type`() {
        #expect(Set(Self.samples.map(\.type)) == Set(TensorType.allCases))
    }

    @Test(arguments: samples) func `gives the bits that gguf gives, at any alignment`(sample: Sample) {
        for shift in 0..<4 {
            let shifted = [UInt8](repeating: 0, count: shift) + sample.blocks
            var values = [Float](repeating: .nan, count: sample.expected.count)
            shifted.withUnsafeBytes { buffer in
                ck_dequantize(sample.type.kernelType, buffer.baseAddress?.advanced(by: shift), &values, values.count)
            }
            let wrong = zip(values, sample.expected).filter { value, expected in
                value.bitPattern != expected && !(value.isNaN && Float(bitPattern: expected).isNaN)
            }
            #expect(wrong.isEmpty, "\(wrong.count) of \(values.count) values differ")
        }
    }

    @Test func `converts each of the 65536 halves`() {
        let halves = (0...UInt16.max).map { $0 }
        var values = [Float](repeating: 0, count: halves.count)
        halves.withUnsafeBytes { ck_dequantize(CK_F16, $0.baseAddress, &values, values.count) }
        for (half, value) in zip(halves, values) {
            let expected = Float(Float16(bitPattern: half))
            #expect(value.bitPattern == expected.bitPattern || value.isNaN && expected.isNaN)
        }
    }

    @Test(arguments: TensorType.allCases) func `agrees with C on the bytes of a row`(type: TensorType) {
        #expect(ck_row_bytes(type.kernelType, 1024) == type.rowBytes(1024))
    }

    @Test func `gives an unknown type no bytes`() {
        #expect(ck_row_bytes(ck_type(rawValue: 16), 256) == 0)
    }
}

extension TensorType {
    fileprivate var kernelType: ck_type { ck_type(rawValue: rawValue) }
}
