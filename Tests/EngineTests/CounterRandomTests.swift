import Engine
import Testing

struct CounterRandomTests {
    @Test func `depends on seed and position alone`() {
        let random = CounterRandom(seed: 42)
        let forward = (0..<100).map { random.uniform(at: $0) }
        let backward = (0..<100).reversed().map { CounterRandom(seed: 42).uniform(at: $0) }
        #expect(forward == backward.reversed())
        #expect(forward != (0..<100).map { CounterRandom(seed: 43).uniform(at: $0) })
    }

    @Test func `is the SplitMix64 stream whose state is the mixed seed`() {
        // First outputs of the reference generator from state 0: mix(step), and so on.
        let mixed: [UInt64] = [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]
        let seedOfState0 = UInt64(0) &- 0x9E37_79B9_7F4A_7C15
        for (index, value) in mixed.enumerated() {
            #expect(CounterRandom(seed: seedOfState0).uniform(at: index) == Double(value >> 11) * 0x1p-53)
        }
    }

    @Test(arguments: [0, 1, 2, UInt64.max]) func `is uniform across positions`(seed: UInt64) {
        let random = CounterRandom(seed: seed)
        var counts = Array(repeating: 0, count: 64)
        for index in 0..<64_000 { counts[Int(random.uniform(at: index) * 64)] += 1 }
        let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
        // 63 degrees of freedom: mean 63, standard deviation 11.
        #expect((20...110).contains(chiSquare))
    }

    @Test func `is uniform across neighbouring seeds`() {
        var counts = Array(repeating: 0, count: 64)
        for seed in 0..<64_000 { counts[Int(CounterRandom(seed: UInt64(seed)).uniform(at: 0) * 64)] += 1 }
        let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
        #expect((20...110).contains(chiSquare))
    }

    @Test func `is uniform across the rounds of an index, and different in each`() {
        let random = CounterRandom(seed: 7)
        var counts = Array(repeating: 0, count: 64)
        for index in 0..<8_000 {
            for round in 0..<8 { counts[Int(random.uniform(at: index, round: round) * 64)] += 1 }
        }
        let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
        #expect((20...110).contains(chiSquare))
        #expect(Set((0..<100).map { random.uniform(at: 3, round: $0) }).count == 100)
    }
}
