import HTTP
import Testing

struct CrowdTests {
    @Test func noticesOnceThatACrowdHasLeft() {
        var crowd = Crowd()
        for count in 1...10_000 { crowd.grow(to: count) }
        let moments = (0..<10_000).reversed().filter { crowd.shrink(to: $0) }
        // Again while what is left is a crowd itself.
        #expect(moments == [1250, 156])
    }

    @Test func isNotBotheredByFew() {
        var crowd = Crowd()
        for count in 1...1023 { crowd.grow(to: count) }
        #expect(!(0..<1023).reversed().contains { crowd.shrink(to: $0) })
    }

    @Test func countsAFurtherCrowd() {
        var crowd = Crowd()
        for _ in 1...2 {
            crowd.grow(to: 2000)
            #expect(!crowd.shrink(to: 251))
            #expect(crowd.shrink(to: 250))
            #expect(!crowd.shrink(to: 0))
        }
    }
}
