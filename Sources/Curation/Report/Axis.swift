import Foundation

/// A scale with round numbers.
struct Axis {
    let range: ClosedRange<Double>
    let ticks: [Double]

    /// - Parameter wanted: about how many ticks.
    init(_ low: Double, _ high: Double, wanted: Int = 5) {
        let span = high - low > 1e-9 ? high - low : 1
        let rough = span / Double(wanted)
        let power = pow(10, floor(log10(rough)))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let (first, last) = (floor(low / step + 1e-9), ceil((low + span) / step - 1e-9))
        range = first * step...max(first + 1, last) * step
        ticks = stride(from: first, through: max(first + 1, last), by: 1).map { $0 * step }
    }

    /// Where a value lies, from 0 to 1.
    func share(of value: Double) -> Double { (value - range.lowerBound) / (range.upperBound - range.lowerBound) }
}
