import JSON

/// The parts of a report that show texts.
extension Report {
    private static let clusterLimit = 12
    private static let sampleLimit = 3
    private static let textLimit = 400

    var clusters: String {
        let largest = dataset.clusters.sorted { (-$0.value.count, $0.key) < (-$1.value.count, $1.key) }
        guard !largest.isEmpty else { return "<h2>Duplicates</h2><p>None were found.</p>" }
        let sizes = Dictionary(grouping: largest) { $0.value.count + 1 }.mapValues(\.count)
        let bars = sizes.sorted { $0.key < $1.key }.prefix(20).map { size, count in
            BarChart.Bar(name: "\(size) alike", value: count, note: "")
        }
        let chart = BarChart(title: "Clusters of duplicates by size", unit: "clusters", bars: bars)
        let rows = largest.prefix(Self.clusterLimit).map { original, members in
            let other = members.first { dataset.entries[$0].text != dataset.entries[original].text }
            let unlike = other.map { quoted(dataset.entries[$0].text) } ?? "the same, word for word"
            return "<tr><td>\(members.count + 1)</td><td>\(quoted(dataset.entries[original].text))</td>"
                + "<td>\(unlike)</td></tr>"
        }
        return "<h2>Duplicates</h2>\(chart.markup)<table><tr><th>alike</th><th>kept</th><th>one of the others</th></tr>"
            + rows.joined() + "</table>"
    }

    /// For each reason some of the answers that went, spread over the set.
    var samples: String {
        let groups = dropped
        guard !groups.isEmpty else { return "" }
        let rows = groups.flatMap { group in
            let step = max(1, group.positions.count / Self.sampleLimit)
            let shown = stride(from: 0, to: group.positions.count, by: step).prefix(Self.sampleLimit)
            return shown.map { row(dataset.entries[group.positions[$0]]) }
        }
        return "<h2>What was dropped</h2><table><tr><th>by</th><th>why</th><th>prompt</th><th>answer</th></tr>"
            + rows.joined() + "</table>"
    }

    private func row(_ entry: Entry) -> String {
        guard case .dropped(let stage, let name, let reason) = entry.fate else { return "" }
        return "<tr><td>\(Markup.escaped(Self.label(stage, name)))</td><td>\(quoted(reason))</td>"
            + "<td>\(quoted(dataset.prompts[entry.prompt].question))</td><td>\(quoted(entry.sample.content))</td></tr>"
    }

    private func quoted(_ text: String) -> String { Markup.escaped(Markup.shortened(text, to: Self.textLimit)) }
}
