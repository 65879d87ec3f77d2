import Engine
import Testing

struct PromptLookupTests {
    private func draft(_ tokens: [Int32], limit: Int = 8) -> [Int32] {
        var lookup = PromptLookup()
        return lookup.draft(tokens, limit: limit)
    }

    @Test func `what followed the last tokens before follows them again`() {
        #expect(draft([1, 2, 3, 4, 5, 9, 1, 2]) == [3, 4, 5])
        #expect(draft([1, 2, 3, 4, 5, 9, 1, 2], limit: 2) == [3, 4])
    }

    @Test func `the longest likeness counts, then the latest`() {
        #expect(draft([7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2], limit: 1) == [3])
        #expect(draft([6, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2], limit: 1) == [4])
    }

    @Test func `a guess may repeat itself`() {
        #expect(draft([1, 2, 1, 2, 1, 2]) == [1, 2, 1])
        #expect(draft([5, 5, 5]) == [5, 5, 5])
    }

    @Test(arguments: [[], [1], [1, 2], [1, 2, 3, 4], [1, 2, 9, 2]] as [[Int32]])
    func `where nothing repeats there is no guess`(tokens: [Int32]) { #expect(draft(tokens).isEmpty) }

    @Test func `right guesses make the next longer, wrong ones shorter and rarer`() {
        let tokens = (0..<40).map { Int32($0 % 20) }
        var lookup = PromptLookup()
        var lengths: [Int] = []
        for _ in 0..<4 {
            let count = lookup.draft(tokens, limit: 100).count
            lengths.append(count)
            lookup.learn(accepted: count, of: count)
        }
        #expect(lengths == [3, 6, 12, 15])
        lookup.learn(accepted: 4, of: 15)
        #expect(lookup.draft(tokens, limit: 100).count == 5)
        var pauses: [Int] = []
        for _ in 0..<6 {
            lookup.learn(accepted: 0, of: 5)
            var pause = 0
            while lookup.draft(tokens, limit: 100).isEmpty { pause += 1 }
            pauses.append(pause)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 16])
    }
}
