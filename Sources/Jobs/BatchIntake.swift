/// Reads a batch's file once before anything runs: where its lines lie, which of them cannot run, in which order the
/// others do. Holds a few dozen bytes a line and the custom ids, never the file.
struct BatchIntake {
    private let batch: String
    private let limits: BatchLimits
    private let work: any BatchWork
    private var ids: Set<String> = []
    /// Rank of lines by how they begin: that of the first of them.
    private var ranks: [Int: Int] = [:]
    /// What the lines that can run ask for. Two are as good as many.
    private var models: Set<String?> = []
    private(set) var lines: [BatchLine] = []
    /// Of the whole file.
    private(set) var problem: BatchProblem?

    /// Nil where they differ, or name none.
    var model: String? { models.count == 1 ? models.first ?? nil : nil }

    private static let pieceSize = 1 << 18

    private init(batch: String, limits: BatchLimits, work: any BatchWork) {
        self.batch = batch
        self.limits = limits
        self.work = work
    }

    /// Blocks while it reads.
    static func read(
        _ file: DiskFile, batch: String, limits: BatchLimits, work: any BatchWork
    ) throws(StateError) -> BatchIntake {
        var intake = BatchIntake(batch: batch, limits: limits, work: work)
        var scanner = LineScanner(limit: limits.lineBytes)
        var offset = 0
        while intake.problem == nil {
            let piece = try file.read(at: offset, count: pieceSize)
            offset += piece.count
            scanner.append(piece)
            while intake.problem == nil, let line = scanner.next(isLast: piece.isEmpty) { intake.take(line) }
            if piece.isEmpty { break }
        }
        intake.conclude()
        return intake
    }

    private mutating func take(_ line: LineScanner.Line) {
        guard !line.isBlank else { return }
        guard lines.count < limits.lines else {
            problem = BatchProblem(
                code: "too_many_lines", message: "The file has more than \(limits.lines) lines.", line: line.number)
            return
        }
        let check = check(line)
        let rank = ranks[check.beginning, default: lines.count]
        ranks[check.beginning] = rank
        if check.problem == nil, models.count < 2 { models.insert(check.model) }
        lines.append(
            BatchLine(
                batch: batch, number: line.number, start: line.start, length: line.length, rank: rank,
                customID: check.customID, problem: check.problem))
    }

    private mutating func check(_ line: LineScanner.Line) -> LineCheck {
        guard let bytes = line.bytes else {
            return LineCheck(
                customID: "",
                problem: BatchProblem(
                    code: "line_too_long", message: "The line has more than \(limits.lineBytes) bytes.",
                    line: line.number))
        }
        let check = work.check(bytes, number: line.number)
        // Also of a line that cannot run: its id is in the error file.
        guard check.customID.isEmpty || ids.insert(check.customID).inserted || check.problem != nil else {
            return LineCheck(
                customID: check.customID,
                problem: BatchProblem(
                    code: "duplicate_custom_id", message: "An earlier line has the same 'custom_id'.",
                    line: line.number, param: "custom_id"))
        }
        return check
    }

    private mutating func conclude() {
        guard problem == nil, !lines.contains(where: { $0.problem == nil }) else { return }
        problem =
            lines.isEmpty
            ? BatchProblem(code: "empty_file", message: "The file has no requests.")
            : BatchProblem(code: "invalid_file", message: "Not one line of the file can run.")
    }
}
