/// What the Llama 3 pattern asks of a code point.
enum UnicodeClass: UInt8 {
    case other = 0
    case letter = 1
    case number = 2
    case space = 3
}

/// Class of every code point in two stages: 256 code points share a page, equal pages are stored once.
struct UnicodeClassTable: Sendable {
    static let shared = UnicodeClassTable(boundaries: boundaries)

    /// (0x1100) page of each 256 code points.
    private let pageIndex: [UInt8]
    /// (pages, 256) raw classes.
    private let pages: [UInt8]

    private init(boundaries: [UInt32]) {
        var classes = [UInt8](repeating: 0, count: 0x110000)
        for (position, boundary) in boundaries.enumerated() {
            let end = position + 1 < boundaries.count ? Int(boundaries[position + 1] >> 2) : classes.count
            for scalar in Int(boundary >> 2)..<end { classes[scalar] = UInt8(boundary & 3) }
        }
        var known: [[UInt8]: UInt8] = [:]
        var index: [UInt8] = []
        var pages: [UInt8] = []
        for start in stride(from: 0, to: classes.count, by: 256) {
            let page = Array(classes[start..<start + 256])
            if let position = known[page] {
                index.append(position)
            } else {
                let position = UInt8(known.count)
                known[page] = position
                index.append(position)
                pages += page
            }
        }
        self.pageIndex = index
        self.pages = pages
    }

    subscript(scalar: UInt32) -> UnicodeClass {
        guard scalar < 0x110000 else { return .other }
        let page = Int(pageIndex[Int(scalar >> 8)])
        return UnicodeClass(rawValue: pages[page << 8 | Int(scalar & 0xFF)]) ?? .other
    }
}
