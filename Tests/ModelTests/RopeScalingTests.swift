import Model
import Testing

struct RopeScalingTests {
    /// Expected divisors of the herd: ones, the blend, then the factor.
    struct Golden: Sendable, CustomStringConvertible {
        let description: String
        let headSize: Int
        let factor: Double
        let ones: Int
        let blend: [Float]
    }

    static let herd = [
        Golden(
            description: "3.1 8B to 405B", headSize: 128, factor: 8, ones: 29,
            blend: [1.207484, 1.553415, 2.026313, 2.69453, 3.684253, 5.257327]),
        Golden(
            description: "3.2 3B", headSize: 128, factor: 32, ones: 29,
            blend: [1.234937, 1.651329, 2.27666, 3.292262, 5.171596, 9.666729]),
        Golden(description: "3.2 1B", headSize: 64, factor: 32, ones: 15, blend: [1.651329, 3.292262, 9.666729]),
    ]

    @Test(arguments: herd) func `computes the divisors that the converter writes`(golden: Golden) {
        let scaling = RopeScaling.llama3(
            factor: golden.factor, lowFrequency: 1, highFrequency: 4, originalContext: 8_192)
        let divisors = scaling.divisors(headSize: golden.headSize, base: 500_000)
        #expect(divisors.count == golden.headSize / 2)
        #expect(divisors.prefix(golden.ones).allSatisfy { $0 == 1 })
        #expect(divisors.dropFirst(golden.ones + golden.blend.count).allSatisfy { $0 == Float(golden.factor) })
        for (divisor, expected) in zip(divisors.dropFirst(golden.ones), golden.blend) {
            #expect(abs(divisor - expected) < 1e-6 * expected)
        }
    }

    @Test func `leaves frequencies alone or divides all of them`() {
        #expect(RopeScaling.none.divisors(headSize: 4, base: 10_000) == [1, 1])
        #expect(RopeScaling.linear(factor: 2).divisors(headSize: 4, base: 10_000) == [2, 2])
    }
}
