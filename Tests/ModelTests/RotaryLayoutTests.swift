import Model
import Testing

struct RotaryLayoutTests {
    @Test func `finds the stored row of each row of a head`() {
        let layout = RotaryLayout.interleaved(headSize: 4)
        #expect((0..<8).map(layout.storedRow) == [0, 2, 1, 3, 4, 6, 5, 7])
        #expect((0..<8).map(RotaryLayout.halfSplit(headSize: 4).storedRow) == Array(0..<8))
    }
}
