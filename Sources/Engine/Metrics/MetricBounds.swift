/// vLLM's histogram bounds.
enum MetricBounds {
    /// Seconds.
    static let firstToken = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2560,
    ]
    /// Seconds.
    static let interToken = [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ]
    /// Seconds.
    static let request = [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
    ]
    /// Tokens.
    static let step: [Double] = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
    static let samples: [Double] = [1, 2, 5, 10, 20]

    /// 1, 2, 5, 10, … as far as `limit`.
    static func counts(upTo limit: Int) -> [Double] {
        var bounds: [Double] = []
        var power = 1.0
        while power <= Double(limit) {
            bounds += [1, 2, 5].map { $0 * power }.filter { $0 <= Double(limit) }
            power *= 10
        }
        return bounds.isEmpty ? [1] : bounds
    }
}
