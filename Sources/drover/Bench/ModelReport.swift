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
        /// Of peak arithmetic for a prompt, of memory bandwidth for decoding.
        let share: Double
    }

    let plan: MemoryPlan
    let limits: MachineLimits
    private(set) var rows: [Row] = []

    init(plan: MemoryPlan, limits: MachineLimits) {
        self.plan = plan
        self.limits = limits
    }

    /// Returns its line.
    mutating func add(_ row: Row) -> String {
        rows.append(row)
        let (name, limit) =
            switch row.kind {
            case .prefill(let tokens): ("prefill \(tokens)", "peak arithmetic")
            case .decode(let batch, _): ("decode x \(batch)", "memory bandwidth")
            }
        return name.padding(toLength: 14, withPad: " ", startingAt: 0)
            + String(format: " %.1f tokens/s, %.1f %% of %@", row.tokensPerSecond, row.share * 100, limit)
    }

    var heading: String {
        String(
            format: "memory bandwidth %.1f GB/s\npeak arithmetic  %.1f G multiply-adds/s\n",
            limits.bytesPerSecond / 1e9, limits.productsPerSecond / 1e9)
    }

    var json: JSONValue {
        [
            "model": .string(plan.modelName), "kernels": .string(plan.kernels.name),
            "threads": .integer(Int64(plan.threads)),
            "limits": [
                "read_bytes_per_second": .number(limits.bytesPerSecond),
                "products_per_second": .number(limits.productsPerSecond),
            ],
            "rows": .array(rows.map(json)),
        ]
    }

    private func json(_ row: Row) -> JSONValue {
        switch row.kind {
        case .prefill(let tokens):
            [
                "kind": "prefill", "tokens": .integer(Int64(tokens)), "tokens_per_second": .number(row.tokensPerSecond),
                "share_of_peak": .number(row.share),
            ]
        case .decode(let batch, let context):
            [
                "kind": "decode", "batch": .integer(Int64(batch)), "context": .integer(Int64(context)),
                "tokens_per_second": .number(row.tokensPerSecond), "share_of_bandwidth": .number(row.share),
            ]
        }
    }
}
