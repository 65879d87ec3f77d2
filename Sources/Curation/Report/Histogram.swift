/// How often values lie where: kept ones below, dropped ones on top of them.
struct Histogram {
    let title: String
    let kept: [Double]
    let dropped: [Double]

    private static let bins = 20
    private static let width = 760.0
    private static let height = 230.0
    /// Room for the name of the upward axis.
    private static let top = 24.0
    private static let left = 60.0

    private struct Bin {
        var kept = 0
        var dropped = 0
    }

    var markup: String {
        let all = (kept + dropped).filter(Self.isDrawable)
        let x = Axis(all.min() ?? 0, all.max() ?? 1)
        let bins = counts(x)
        let y = Axis(0, Double(max(1, bins.map { $0.kept + $0.dropped }.max() ?? 1)), wanted: 4)
        var svg = SVG(width: Self.width, height: Self.height, label: title)
        let (bottom, right) = (Self.height - 44, Self.width - 16)
        for tick in y.ticks where tick == tick.rounded() {
            let place = bottom - y.share(of: tick) * (bottom - Self.top)
            svg.line(from: (Self.left, place), to: (right, place), "grid")
            svg.text(Markup.short(tick), x: Self.left - 8, y: place + 4, "tick", anchor: .end)
        }
        let step = (right - Self.left) / Double(Self.bins)
        for (index, bin) in bins.enumerated() {
            draw(bin, x: Self.left + Double(index) * step, step: step, range(of: index, x), y, bottom, &svg)
        }
        for tick in x.ticks {
            let place = Self.left + x.share(of: tick) * (right - Self.left)
            svg.line(from: (place, bottom), to: (place, bottom + 4), "rule")
            svg.text(Markup.short(tick), x: place, y: bottom + 18, "tick", anchor: .middle)
        }
        svg.line(from: (Self.left, bottom), to: (right, bottom), "rule")
        svg.text(title, x: (Self.left + right) / 2, y: Self.height - 6, "axis", anchor: .middle)
        svg.text("answers", x: Self.left, y: 12, "axis", anchor: .end)
        return svg.markup
    }

    private func draw(
        _ bin: Bin, x: Double, step: Double, _ range: String, _ axis: Axis, _ bottom: Double, _ svg: inout SVG
    ) {
        let kept = axis.share(of: Double(bin.kept)) * (bottom - Self.top)
        let dropped = axis.share(of: Double(bin.dropped)) * (bottom - Self.top)
        if bin.kept > 0 {
            svg.bar(
                x: x + 1, y: bottom - kept, width: step - 2, height: kept, "kept", title: "\(range): \(bin.kept) kept")
        }
        if bin.dropped > 0 {
            svg.bar(
                x: x + 1, y: bottom - kept - dropped, width: step - 2, height: dropped, "dropped",
                title: "\(range): \(bin.dropped) dropped")
        }
    }

    /// Servers may send any number as a log-probability; axes have round ones.
    private static func isDrawable(_ value: Double) -> Bool { abs(value) < 1e9 }

    private func range(of bin: Int, _ axis: Axis) -> String {
        let step = (axis.range.upperBound - axis.range.lowerBound) / Double(Self.bins)
        let low = axis.range.lowerBound + Double(bin) * step
        return "\(Markup.short(low)) to \(Markup.short(low + step))"
    }

    private func counts(_ axis: Axis) -> [Bin] {
        var bins = [Bin](repeating: Bin(), count: Self.bins)
        let place = { (value: Double) in min(Self.bins - 1, max(0, Int(axis.share(of: value) * Double(Self.bins)))) }
        for value in kept where Self.isDrawable(value) { bins[place(value)].kept += 1 }
        for value in dropped where Self.isDrawable(value) { bins[place(value)].dropped += 1 }
        return bins
    }
}
