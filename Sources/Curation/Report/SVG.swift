import Foundation

/// A drawing, with the classes of the report's style sheet. Every text in it is escaped.
struct SVG {
    let width: Double
    let height: Double
    /// What the drawing shows, for those who do not see it.
    let label: String
    private var body = ""

    init(width: Double, height: Double, label: String) {
        self.width = width
        self.height = height
        self.label = label
    }

    enum Anchor: String { case start, middle, end }

    mutating func text(_ text: String, x: Double, y: Double, _ style: String = "", anchor: Anchor = .start) {
        body += #"<text x="\#(Self.number(x))" y="\#(Self.number(y))" class="\#(style)" "#
        body += #"text-anchor="\#(anchor.rawValue)">\#(Markup.escaped(text))</text>"#
    }

    /// - Parameter title: shown where the pointer rests.
    mutating func bar(x: Double, y: Double, width: Double, height: Double, _ style: String, title: String) {
        body += #"<rect x="\#(Self.number(x))" y="\#(Self.number(y))" width="\#(Self.number(max(0, width)))" "#
        body += #"height="\#(Self.number(max(0, height)))" class="\#(style)"><title>\#(Markup.escaped(title))"#
        body += "</title></rect>"
    }

    mutating func line(from: (x: Double, y: Double), to: (x: Double, y: Double), _ style: String) {
        body += #"<line x1="\#(Self.number(from.x))" y1="\#(Self.number(from.y))" x2="\#(Self.number(to.x))" "#
        body += #"y2="\#(Self.number(to.y))" class="\#(style)"/>"#
    }

    mutating func curve(_ points: [(x: Double, y: Double)], _ style: String) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        body += #"<polyline points="\#(list)" class="\#(style)"/>"#
    }

    mutating func dot(x: Double, y: Double, _ style: String, title: String) {
        body += #"<circle cx="\#(Self.number(x))" cy="\#(Self.number(y))" r="3.5" class="\#(style)"><title>"#
        body += "\(Markup.escaped(title))</title></circle>"
    }

    var markup: String {
        let size = "\(Self.number(width)) \(Self.number(height))"
        return #"<svg viewBox="0 0 \#(size)" role="img" aria-label="\#(Markup.escaped(label))">\#(body)</svg>"#
    }

    /// Two digits are finer than any screen.
    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() && abs(rounded) < 1e9 ? String(Int(rounded)) : String(rounded)
    }
}
