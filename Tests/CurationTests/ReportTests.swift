import Curation
import JSON
import Testing

struct ReportTests {
    private func report(_ dataset: Dataset) -> Report {
        let provenance = Provenance(
            model: "<b>", sha256: nil, fingerprint: nil, licence: Licence("llama3"), sampler: [:], recipe: "a & b")
        return Report(
            dataset: dataset, provenance: provenance, recipe: "seed: 1 # <x>", verifiers: ["v"], judges: [],
            records: dataset.kept.count, repeatedPrompts: 0)
    }

    @Test func `texts cannot become markup`() {
        var dataset = Dataset(
            prompts: [Prompt(text: "<script>alert(1)</script>")],
            samples: [["<img src=x onerror=y>", "\u{1}\u{7F}\"'&"].map { Sample(text: $0) }])
        dataset.drop(0, at: .verify, by: "<i>", because: "</td>")
        dataset.drop(1, at: .rules, by: "tone", because: "x")
        let html = report(dataset).html
        #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("<i>") && !html.contains("\u{1}"))
        #expect(html.contains("&lt;script&gt;") && html.contains("<h1>a &amp; b</h1>") && html.contains("# &lt;x&gt;"))
        #expect(html.contains("may not be used to improve"))
        // Nothing is loaded from elsewhere, and nothing runs.
        #expect(!html.contains("http") && !html.contains("src=\"") && !html.contains("@import"))
    }

    @Test func `the same set gives the same bytes, an empty one gives a page`() {
        let dataset = Dataset(prompts: [Prompt(text: "x")], samples: [["a", "b"].map { Sample(text: $0) }])
        #expect(report(dataset).html == report(dataset).html)
        #expect(report(Dataset(prompts: [], samples: [])).html.hasSuffix("</html>\n"))
    }

    @Test func `stages count what is behind them`() {
        var dataset = Dataset(prompts: [Prompt(text: "x")], samples: [["a", "", "c", "d"].map { Sample(text: $0) }])
        dataset.dropEmpty()
        dataset.drop(0, at: .verify, by: "v", because: "x")
        dataset.choose([2]) { _ in "full" }
        #expect(Stage.allCases.map(dataset.count) == [3, 2, 2, 2, 2, 1])
    }
}
