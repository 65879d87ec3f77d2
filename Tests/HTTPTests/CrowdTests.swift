import HTTP
import Testing

struct CrowdTests {
    @Test func noticesOnceThatACrowdHasLeft() {
        // Again while what is left is a crowd itself.
        #expect(moments(from: 10_000) == [1250, 156])
        #expect(moments(from: 2000) == [250])
    }

    @Test func isNotBotheredByFew() { #expect(moments(from: 1023).isEmpty) }

    @Test func noticesAFurtherCrowd() {
        var crowd = Crowd()
        #expect(moments(from: 2000, &crowd) == [250])
        #expect(moments(from: 2000, &crowd) == [250])
    }

    private func moments(from count: Int) -> [Int] {
        var crowd = Crowd()
        return moments(from: count, &crowd)
    }

    /// At which counts it is noticed, while so many come and go one by one.
    private func moments(from count: Int, _ crowd: inout Crowd) -> [Int] {
        for number in 1...count { crowd.grow(to: number) }
        var moments: [Int] = []
        for number in (0..<count).reversed() where crowd.shrink(to: number) { moments.append(number) }
        return moments
    }
}
