import ArgumentParser
import Engine
import Model

/// Runs the scheduler without a model, for pools and traces that no test machine has.
struct BenchScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract:
            "Simulate a trace of requests on the real scheduler, pool and prefix index with a modelled step time.",
        discussion: """
            A step takes --step-ms, or --row-ms for each of its rows if that is longer. Lengths are geometrically \
            distributed; the seed repeats the trace.
            """)

    @Option(help: "Requests in all.")
    var requests = 100_000
    @Option(help: "Requests that arrive in a second; all at once without it.")
    var rate: Double?
    @Option(help: "Blocks of 64 tokens in the pool.")
    var blocks = 100_000
    @Option(help: "Most rows in a step.")
    var maxBatchTokens = 512
    @Option(help: "Most requests in a step.")
    var maxRunning = 256
    @Option(help: "Most tokens of prompt and answer together.")
    var contextLength = 131_072
    @Option(help: "Common beginnings of prompts.")
    var prefixes = 100
    @Option(help: "Tokens of each common beginning.")
    var prefixTokens = 512
    @Option(help: "Mean tokens of a prompt behind its beginning.")
    var promptTokens = 200.0
    @Option(help: "Mean tokens of an answer.")
    var outputTokens = 128.0
    @Option(help: "Tenants; the first sends half of all requests.")
    var tenants = 1
    @Option(help: "Milliseconds of a step with few rows.")
    var stepMs = 28.0
    @Option(help: "Milliseconds of each row of a step with many.")
    var rowMs = 3.2
    @Option(help: "When requests start: optimistic or reservation.")
    var admission = AdmissionPolicy.optimistic
    @Option(help: "Whether requests with equal beginnings share them: on or off.")
    var prefixCache = SwitchName.on
    @Option(help: "Seed of the trace.")
    var seed: UInt64 = 1
    @Option(
        defaultAsFlag: ReportFile.standardOutput, parsing: .next,
        help: "Write the report as JSON to a file, or without a name to standard output in place of the text.")
    var json: ReportFile?

    func validate() throws {
        guard (1...100_000_000).contains(requests), (1...1 << 24).contains(blocks),
            (1...1 << 20).contains(maxBatchTokens), (1...1 << 20).contains(maxRunning),
            (16...1 << 24).contains(contextLength), (0...1 << 20).contains(prefixes), prefixTokens >= 0,
            (1...1 << 20).contains(tenants),
            rate.map({ $0 > 0 && $0.isFinite }) ?? true
        else { throw ValidationError("A count is out of range.") }
        for value in [promptTokens, outputTokens] where !(1...1e8).contains(value) {
            throw ValidationError("Mean lengths must be 1 to 100000000.")
        }
        for value in [stepMs, rowMs] where !(0...1e6).contains(value) {
            throw ValidationError("Times must be 0 to 1000000 milliseconds.")
        }
        guard KVBlock.count(for: contextLength) <= blocks else {
            throw ValidationError("The pool must hold one request of --context-length tokens.")
        }
    }

    func run() throws {
        var simulation = ScheduleSimulation(
            trace: ScheduleSimulation.Trace(
                requests: requests, rate: rate, prefixes: prefixes, prefixTokens: prefixTokens,
                promptTokens: promptTokens, outputTokens: outputTokens, tenants: tenants, seed: seed),
            machine: ScheduleSimulation.Machine(
                step: .microseconds(stepMs * 1000), row: .microseconds(rowMs * 1000)),
            blocks: blocks,
            capacity: BatchCapacity(rows: maxBatchTokens, runs: maxRunning, logitRows: maxRunning),
            contextLength: contextLength, admission: admission, sharesPrefixes: prefixCache == .on)
        let time = ContinuousClock().measure { simulation.run() }
        if !(json?.isStandardOutput ?? false) {
            Terminal.output(simulation.report.text + "\nran for \((time / .seconds(1) * 10).rounded() / 10) s\n")
        }
        try json?.write(simulation.report.json)
    }
}
