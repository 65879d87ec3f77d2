import Curation
import Testing

struct SpellingTests {
    @Test func `finds the word that was meant`() {
        #expect(Spelling.nearest(to: "sample", among: ["samples", "seed", "stop"]) == "samples")
        #expect(Spelling.nearest(to: "temprature", among: ["temperature", "top-p"]) == "temperature")
        #expect(Spelling.nearest(to: "xyz", among: ["samples", "seed"]) == nil)
        #expect(Spelling.nearest(to: "a", among: []) == nil)
    }
}
