import ArgumentParser
import Model

/// Times the products of each kernel table apart from any model, beside what the machine can do.
struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure matrix products by weight type and columns, as a share of peak arithmetic and bandwidth.",
        discussion: """
            In the cache: one thread, weights and activations in the second-level cache. From memory: all threads, \
            one panel of weights that is larger than the caches; beside the best bandwidth of the run so far.
            """)

    @Option(help: "Kernel table to measure, repeat for several; all that this CPU runs without it.")
    var kernels: [String] = []
    @Option(help: "Weight type, such as Q4_K or BF16, repeat for several; every way to keep weights without it.")
    var types: [TensorType] = []
    @Option(help: "Columns of activations, repeat for several. Up to 16 are measured from memory too.")
    var columns: [Int] = [1, 2, 4, 8, 12, 16, 32, 128]
    @Option(help: "MiB of weights to read from memory.")
    var megabytes = 256
    @Option(help: "Runs of each measurement; the best counts.")
    var runs = 5
    @Option(help: "Threads that read from memory; the cores this process may use without it.")
    var threads: Int?
    @Option(
        defaultAsFlag: ReportFile.standardOutput, parsing: .next,
        help: "Write the report as JSON to a file, or without a name to standard output in place of the text.")
    var json: ReportFile?

    func validate() throws {
        guard (1...1 << 14).contains(megabytes), runs > 0, (threads ?? 1) > 0,
            columns.allSatisfy({ (1...1024).contains($0) })
        else { throw ValidationError("Counts must be positive, columns at most 1024, megabytes at most 16384.") }
    }

    func run() throws {
        let tables = try kernels.isEmpty ? KernelTable.supported : kernels.map { try KernelTable.named($0) }
        let threads = threads ?? HostLimits.coreCount
        let stopwatch = try KernelStopwatch(
            threads: threads, streamedBytes: megabytes << 20, columns: columns.max() ?? 1, rounds: runs)
        var report = KernelReport(threads: threads)
        for table in tables { measure(table, stopwatch, into: &report) }
        show(report.summary)
        try json?.write(report.json)
    }

    private func measure(_ table: KernelTable, _ stopwatch: KernelStopwatch, into report: inout KernelReport) {
        var peaks: [String: Double] = [:]
        for type in formats(table) {
            let form = table.formName(of: type)
            guard peaks[form] == nil else { continue }
            let peak = stopwatch.peak(table, type)
            peaks[form] = peak
            show(report.add(KernelReport.Peak(table: table.name, form: form, productsPerSecond: peak)))
        }
        for type in formats(table) {
            let peak = peaks[table.formName(of: type)] ?? 0
            report.add(readRate: stopwatch.readRate())
            for count in columns { show(report.add(row(table, type, count, peak: peak, stopwatch))) }
        }
    }

    private func row(
        _ table: KernelTable, _ type: TensorType, _ columns: Int, peak: Double, _ stopwatch: KernelStopwatch
    ) -> KernelReport.Row {
        let streams = columns <= KernelStopwatch.streamedColumns
        return KernelReport.Row(
            table: table.name, format: table.format(of: type).name, form: table.formName(of: type), columns: columns,
            productsPerSecond: stopwatch.cached(table, type, columns: columns).productsPerSecond, peak: peak,
            bytesPerSecond: streams ? stopwatch.streamed(table, type, columns: columns).bytesPerSecond : nil)
    }

    /// The wanted types, but one of those that a table keeps alike.
    private func formats(_ table: KernelTable) -> [TensorType] {
        var seen: Set<String> = []
        return (types.isEmpty ? TensorType.allCases : types).filter { seen.insert(table.format(of: $0).name).inserted }
    }

    private func show(_ line: String) {
        if json?.isStandardOutput != true { Terminal.output(line + "\n") }
    }
}

extension TensorType: ExpressibleByArgument {
    package init?(argument: String) {
        guard let type = Self.allCases.first(where: { $0.description.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = type
    }

    package static var allValueStrings: [String] { allCases.map(\.description) }
}
