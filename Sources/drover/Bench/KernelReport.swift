import Foundation
import JSON

/// What the products of the kernel tables reached.
struct KernelReport {
    /// Most arithmetic of one thread on one form of activations.
    struct Peak {
        let table: String
        let form: String
        let productsPerSecond: Double
    }

    /// One format of weights by a number of columns.
    struct Row {
        let table: String
        let format: String
        let form: String
        let columns: Int
        /// One thread, in the cache.
        let productsPerSecond: Double
        let peak: Double
        /// All threads, from memory; nil where that was not measured.
        let bytesPerSecond: Double?
    }

    let threads: Int
    /// The most that all threads read from memory; looked at again and again, as it changes on a shared machine.
    private(set) var bytesPerSecond = 0.0
    private var peaks: [Peak] = []
    private var rows: [Row] = []

    init(threads: Int) { self.threads = threads }

    mutating func add(readRate: Double) { bytesPerSecond = max(bytesPerSecond, readRate) }

    // MARK: Text, line by line

    var summary: String {
        String(format: "\nmemory bandwidth, %d threads, best of the run: %.1f GB/s", threads, bytesPerSecond / 1e9)
    }

    /// Returns its line.
    mutating func add(_ peak: Peak) -> String {
        peaks.append(peak)
        return "\(peak.table) x \(peak.form), one thread at most: \(Self.rounded(peak.productsPerSecond)) GMAC/s"
    }

    /// Returns its line.
    mutating func add(_ row: Row) -> String {
        rows.append(row)
        let name = "\(row.table) \(row.format)".padding(toLength: 16, withPad: " ", startingAt: 0)
        let cached = String(
            format: "x %4d  %7.1f GMAC/s %5.1f %% of peak", row.columns, row.productsPerSecond / 1e9,
            100 * share(row.productsPerSecond, of: row.peak))
        let streamed = row.bytesPerSecond.map {
            String(format: "  from memory %6.1f GB/s %5.1f %%", $0 / 1e9, 100 * share($0, of: bytesPerSecond))
        }
        return name + cached + (streamed ?? "")
    }

    private static func rounded(_ value: Double) -> String { String(format: "%.1f", value / 1e9) }

    private func share(_ value: Double, of limit: Double) -> Double { limit > 0 ? value / limit : 0 }

    // MARK: JSON

    var json: JSONValue {
        [
            "threads": .integer(Int64(threads)), "read_bytes_per_second": .number(bytesPerSecond),
            "peaks": .array(peaks.map(json)), "rows": .array(rows.map(json)),
        ]
    }

    private func json(_ peak: Peak) -> JSONValue {
        [
            "kernels": .string(peak.table), "activations": .string(peak.form),
            "products_per_second": .number(peak.productsPerSecond),
        ]
    }

    private func json(_ row: Row) -> JSONValue {
        [
            "kernels": .string(row.table), "weights": .string(row.format), "activations": .string(row.form),
            "columns": .integer(Int64(row.columns)), "cached_products_per_second": .number(row.productsPerSecond),
            "share_of_peak": .number(share(row.productsPerSecond, of: row.peak)),
            "streamed_bytes_per_second": row.bytesPerSecond.map(JSONValue.number) ?? .null,
            "share_of_bandwidth": row.bytesPerSecond.map { .number(share($0, of: bytesPerSecond)) } ?? .null,
        ]
    }
}
