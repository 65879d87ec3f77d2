/// Shares over whole numbers: one curve, and points that it should go through.
struct CurveChart {
    let title: String
    let unit: String
    /// The value for 1, 2, 3, …
    let curve: [Double]
    let points: [Double]
    let curveName: String
    let pointName: String

    private static let width = 760.0
    private static let height = 260.0
    private static let left = 60.0

    var markup: String {
        let count = max(curve.count, points.count, 2)
        var svg = SVG(width: Self.width, height: Self.height, label: title)
        let (bottom, right) = (Self.height - 44, Self.width - 16)
        let y = Axis(0, 1)
        let place = { (index: Int, value: Double) in
            (
                x: Self.left + Double(index) / Double(count - 1) * (right - Self.left),
                y: bottom - y.share(of: value) * (bottom - 12)
            )
        }
        for tick in y.ticks {
            let height = place(0, tick).y
            svg.line(from: (Self.left, height), to: (right, height), "grid")
            svg.text(Percent.text(tick), x: Self.left - 8, y: height + 4, "tick", anchor: .end)
        }
        for index in 0..<count where count <= 20 || (index + 1).isMultiple(of: 8) || index == 0 {
            svg.text("\(index + 1)", x: place(index, 0).x, y: bottom + 18, "tick", anchor: .middle)
        }
        svg.line(from: (Self.left, bottom), to: (right, bottom), "rule")
        svg.curve(curve.enumerated().map { place($0, $1) }, "curve")
        for (index, value) in points.enumerated() {
            let spot = place(index, value)
            let title = "\(pointName), \(index + 1): \(Percent.text(value))"
            svg.dot(x: spot.x, y: spot.y, "point", title: title)
        }
        svg.text(unit, x: (Self.left + right) / 2, y: Self.height - 6, "axis", anchor: .middle)
        legend(&svg, right: right, bottom: bottom)
        return svg.markup
    }

    private func legend(_ svg: inout SVG, right: Double, bottom: Double) {
        svg.line(from: (right - 300, bottom - 40), to: (right - 276, bottom - 40), "curve")
        svg.text(curveName, x: right - 268, y: bottom - 36, "value")
        svg.dot(x: right - 288, y: bottom - 20, "point", title: pointName)
        svg.text(pointName, x: right - 268, y: bottom - 16, "value")
    }
}
