/// Horizontal bars, each with its name on the left and its number behind it.
struct BarChart {
    struct Bar {
        let name: String
        let value: Int
        /// Behind the number, such as a share.
        let note: String
        var style = "kept"
    }

    let title: String
    let unit: String
    let bars: [Bar]

    private static let rowHeight = 26.0
    private static let left = 190.0
    private static let right = 210.0
    private static let width = 760.0

    var markup: String {
        let axis = Axis(0, Double(max(1, bars.map(\.value).max() ?? 1)))
        let bottom = Double(bars.count) * Self.rowHeight + 8
        var svg = SVG(width: Self.width, height: bottom + 38, label: title)
        let plot = Self.width - Self.left - Self.right
        for tick in axis.ticks where tick == tick.rounded() {
            let x = Self.left + axis.share(of: tick) * plot
            svg.line(from: (x, 4), to: (x, bottom), "grid")
            svg.text(Markup.short(tick), x: x, y: bottom + 16, "tick", anchor: .middle)
        }
        svg.text(unit, x: Self.left + plot / 2, y: bottom + 34, "axis", anchor: .middle)
        for (row, bar) in bars.enumerated() {
            let y = Double(row) * Self.rowHeight + 8
            let length = axis.share(of: Double(bar.value)) * plot
            let number = Markup.grouped(bar.value)
            let label = bar.note.isEmpty ? number : "\(number) · \(bar.note)"
            svg.text(Markup.shortened(bar.name, to: 30), x: Self.left - 8, y: y + 13, "name", anchor: .end)
            svg.bar(x: Self.left, y: y, width: length, height: 18, bar.style, title: "\(bar.name): \(label)")
            svg.text(label, x: Self.left + length + 6, y: y + 13, "value")
        }
        svg.line(from: (Self.left, 4), to: (Self.left, bottom), "rule")
        return svg.markup
    }
}
