import JSON

/// The page that tells what became of a recipe's answers: one file of HTML, without scripts and without anything from
/// elsewhere. The same set gives the same bytes.
package struct Report: Sendable {
    package let dataset: Dataset
    package let provenance: Provenance
    /// The recipe as it was written.
    package let recipe: String
    package let verifiers: [String]
    package let judges: [String]
    package let records: Int
    /// Prompts that stood in the recipe more than once.
    package let repeatedPrompts: Int

    package init(
        dataset: Dataset, provenance: Provenance, recipe: String, verifiers: [String], judges: [String], records: Int,
        repeatedPrompts: Int
    ) {
        self.dataset = dataset
        self.provenance = provenance
        self.recipe = recipe
        self.verifiers = verifiers
        self.judges = judges
        self.records = records
        self.repeatedPrompts = repeatedPrompts
    }

    package var html: String {
        let title = Markup.escaped(provenance.recipe)
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(title)</title><style>\(Self.style)</style></head><body><main>
            <h1>\(title)</h1>
            \(introduction)
            \(tiles)
            \(stages)
            \(reasons)
            \(solved)
            \(histograms)
            \(clusters)
            \(samples)
            <h2>Recipe</h2><pre>\(Markup.escaped(recipe))</pre>
            </main></body></html>

            """
    }

    // MARK: Head

    private var introduction: String {
        let model = Markup.escaped(provenance.model)
        let licence = Markup.escaped(provenance.licence.name ?? "unknown licence")
        let warning = provenance.licence.warning.map {
            #"<p class="warning">\#(Markup.escaped($0.prefix(1).uppercased() + $0.dropFirst())).</p>"#
        }
        let hash = provenance.sha256.map { " SHA-256 <code>\($0.prefix(16))…</code>" } ?? ""
        let sampler = Markup.escaped(String(decoding: JSONValue.object(provenance.sampler).serialized, as: UTF8.self))
        return "<p>Answers of <b>\(model)</b> (\(licence)).\(hash) Drawn with <code>\(sampler)</code>.</p>"
            + (warning ?? "")
    }

    private var tiles: String {
        let rates = PassRates(dataset)
        var tiles = [
            ("prompts", Markup.grouped(dataset.prompts.count)), ("answers", Markup.grouped(dataset.entries.count)),
            ("records", Markup.grouped(records)),
            ("of the answers kept", Percent.text(share(dataset.kept.count, of: dataset.entries.count))),
        ]
        if !verifiers.isEmpty {
            tiles.append(("of the prompts solved", Percent.text(rates.solved(with: .max))))
        }
        if repeatedPrompts > 0 { tiles.append(("repeated prompts left out", Markup.grouped(repeatedPrompts))) }
        let list = tiles.map { "<div><b>\($1)</b><span>\($0)</span></div>" }.joined()
        return #"<div class="tiles">\#(list)</div>"#
    }

    private func share(_ part: Int, of whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }

    // MARK: Stages

    private var stages: String {
        var before = dataset.entries.count
        var bars = [BarChart.Bar(name: "drawn", value: before, note: "")]
        for stage in Stage.allCases {
            let after = dataset.count(behind: stage)
            let note = "\(Percent.text(share(after, of: before))) of those before"
            bars.append(BarChart.Bar(name: "after \(stage.rawValue)", value: after, note: note))
            before = after
        }
        let chart = BarChart(title: "Answers left behind each stage", unit: "answers", bars: bars)
        return "<h2>What each stage keeps</h2>\(chart.markup)"
    }

    /// Who dropped how many, in the order of the stages.
    var dropped: [(stage: Stage, name: String, positions: [Int])] {
        var groups: [String: (stage: Stage, name: String, positions: [Int])] = [:]
        for (position, entry) in dataset.entries.enumerated() {
            guard case .dropped(let stage, let name, _) = entry.fate else { continue }
            groups["\(stage)/\(name)", default: (stage, name, [])].positions.append(position)
        }
        let order = Stage.allCases
        return groups.values.sorted { left, right in
            let places = (order.firstIndex(of: left.stage) ?? 0, order.firstIndex(of: right.stage) ?? 0)
            return (places.0, -left.positions.count, left.name) < (places.1, -right.positions.count, right.name)
        }
    }

    private var reasons: String {
        let bars = dropped.map { group in
            let count = group.positions.count
            var note = Percent.text(share(count, of: dataset.entries.count))
            if group.stage == .rules, let all = dataset.objections[group.name], all > count {
                note += " (objects to \(Markup.grouped(all)))"
            }
            return BarChart.Bar(name: Self.label(group.stage, group.name), value: count, note: note, style: "dropped")
        }
        guard !bars.isEmpty else { return "<h2>Why answers went</h2><p>None went.</p>" }
        return "<h2>Why answers went</h2>" + BarChart(title: "Answers dropped", unit: "answers", bars: bars).markup
    }

    static func label(_ stage: Stage, _ name: String) -> String {
        stage.rawValue == name ? name : "\(stage.rawValue): \(name)"
    }

    // MARK: Numbers

    private var solved: String {
        let rates = PassRates(dataset)
        let most = rates.passed.map(\.count).max() ?? 0
        guard !verifiers.isEmpty, most > 1 else { return "" }
        let chart = CurveChart(
            title: "Prompts solved by the number of answers", unit: "answers of each prompt (K)",
            curve: (1...most).map(rates.passAt), points: (1...most).map(rates.solved),
            curveName: "pass@K, from all answers", pointName: "solved by the first K answers")
        return "<h2>Prompts solved</h2>\(chart.markup)"
    }

    private var histograms: String {
        let legend = #"<p class="legend"><i class="kept"></i> in the set <i class="dropped"></i> left out</p>"#
        var charts: [String] = []
        for name in judges + verifiers {
            charts.append(contentsOf: histogram("score of \(name)") { $0.scores[name] })
        }
        charts.append(contentsOf: histogram("mean log-probability of a token") { $0.sample.meanLogprob })
        charts.append(contentsOf: histogram("characters of the answer") { Double($0.sample.content.count) })
        return "<h2>Scores</h2>" + legend + charts.joined()
    }

    private func histogram(_ title: String, _ value: (Entry) -> Double?) -> [String] {
        let kept = dataset.entries.filter { $0.fate == .kept }.compactMap(value)
        let dropped = dataset.entries.filter { $0.fate != .kept }.compactMap(value)
        guard !(kept + dropped).isEmpty else { return [] }
        return [Histogram(title: title, kept: kept, dropped: dropped).markup]
    }
}
