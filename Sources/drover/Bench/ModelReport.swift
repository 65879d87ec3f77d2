import Foundation
import JSON
import Model

/// What a model's forward pass reached, beside the limits of the machine.
struct ModelReport {
    /// One prompt, or decoding with some sequences behind a context.
    struct Row {
        enum Kind {
            case prefill(tokens: Int)
            case decode(batch: Int, context: Int)
        }

        let kind: Kind
        let tokensPerSecond: Double
        /// Of the kind: peak arithmetic for a prompt, memory bandwidth for decoding.
        let limit: Double
        /// How much of its own limit a run reached.
        let share: Double

        /// Each figure is the median of the runs, of which there is one at least. `cost`: multiply-adds of a prompt's
        /// token, or bytes of one that is decoded.
        init(_ kind: Kind, _ runs: [ModelStopwatch.Run], cost: Double) {
            self.kind = kind
            let limits = runs.map {
                switch kind {
                case .prefill: $0.limits.productsPerSecond
                case .decode: $0.limits.bytesPerSecond
                }
            }
            tokensPerSecond = Self.median(runs.map(\.tokensPerSecond))
            limit = Self.median(limits)
            share = Self.median(zip(runs, limits).map { $0.tokensPerSecond * cost / $1 })
        }

        private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    }

    let plan: MemoryPlan
    private(set) var rows: [Row] = []

    init(plan: MemoryPlan) { self.plan = plan }

    /// Returns its line.
    mutating func add(_ row: Row) -> String {
        rows.append(row)
        let (name, unit) =
            switch row.kind {
            case .prefill(let tokens): ("prefill \(tokens)", "G multiply-adds/s")
            case .decode(let batch, _): ("decode x \(batch)", "GB/s")
            }
        return name.padding(toLength: 14, withPad: " ", startingAt: 0)
            + String(
                format: " %7.1f tokens/s, %5.1f %% of %.1f %@", row.tokensPerSecond, row.share * 100, row.limit / 1e9,
                unit)
    }

    var json: JSONValue {
        [
            "model": .string(plan.modelName), "kernels": .string(plan.kernels.name),
            "threads": .integer(Int64(plan.threads)), "rows": .array(rows.map(json)),
        ]
    }

    private func json(_ row: Row) -> JSONValue {
        switch row.kind {
        case .prefill(let tokens):
            [
                "kind": "prefill", "tokens": .integer(Int64(tokens)), "tokens_per_second": .number(row.tokensPerSecond),
                "peak_products_per_second": .number(row.limit), "share_of_peak": .number(row.share),
            ]
        case .decode(let batch, let context):
            [
                "kind": "decode", "batch": .integer(Int64(batch)), "context": .integer(Int64(context)),
                "tokens_per_second": .number(row.tokensPerSecond), "read_bytes_per_second": .number(row.limit),
                "share_of_bandwidth": .number(row.share),
            ]
        }
    }
}
