import Model
import TestSupport
import Testing

/// Row M3, and bytes changed one at a time: every file loads or is refused, none ends the process.
struct GGUFDamageTests {
    @Test func `refuses a file that is cut anywhere`() {
        let (bytes, boundaries) = GGUFBuilder.llama().buildWithBoundaries()
        let cuts = Set(boundaries + boundaries.map { $0 + 1 } + Array(stride(from: 0, to: bytes.count, by: 7)))
        for cut in cuts where cut < bytes.count {
            #expect(refusal(of: Array(bytes[..<cut])) != nil, "cut at \(cut)")
        }
        #expect(refusal(of: Array(bytes.dropLast())) != nil)
    }

    @Test func `survives any one byte being anything`() {
        let (bytes, boundaries) = GGUFBuilder.llama().buildWithBoundaries()
        let headerEnd = boundaries.dropLast(GGUFBuilder.llama().tensors.count).last ?? 0
        var refused = 0
        for position in 0..<headerEnd {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF, bytes[position] ^ 0x20] where value != bytes[position] {
                var damaged = bytes
                damaged[position] = value
                if refusal(of: damaged) != nil { refused += 1 }
            }
        }
        #expect(refused > headerEnd)
    }

    @Test func `survives random damage in many places`() {
        let bytes = GGUFBuilder.llama().build()
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<2_000, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = refusal(of: damaged)
        }
    }
}
