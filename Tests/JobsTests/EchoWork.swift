import Foundation
import Jobs
import Synchronization

/// Answers a line with its own bytes, a token each. `bad` lines fail, those that begin with `{` and hold nothing else
/// cannot run; what stands before a colon is the model.
final class EchoWork: BatchWork {
    let fingerprint: String
    /// How often each line was answered.
    let answers = Mutex<[Int: Int]>([:])
    /// Called before a line is answered.
    private let gate: @Sendable (BatchLine) async throws -> Void

    init(fingerprint: String = "f", gate: @escaping @Sendable (BatchLine) async throws -> Void = { _ in }) {
        self.fingerprint = fingerprint
        self.gate = gate
    }

    func check(_ line: [UInt8], number: Int) -> LineCheck {
        let text = String(decoding: line, as: UTF8.self)
        let problem =
            text == "{" ? BatchProblem(code: "invalid_line", message: "no request", line: number) : nil
        let model = text.firstIndex(of: ":").map { String(text[..<$0]) }
        return LineCheck(customID: problem == nil ? text : "", model: model, problem: problem)
    }

    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer {
        try await gate(line)
        try Task.checkCancellation()
        answers.withLock { $0[line.number, default: 0] += 1 }
        let text = String(decoding: bytes, as: UTF8.self)
        return .done(
            LineResult(
                line: line.number, file: text.hasPrefix("bad") ? .errors : .output, bytes: Array("=\(text)".utf8),
                usage: text.hasPrefix("bad") ? .none : Self.usage(line.number, bytes.count)))
    }

    /// Four numbers that tell the lines, and the columns, apart.
    static func usage(_ number: Int, _ bytes: Int) -> BatchUsage {
        BatchUsage(input: bytes, cached: number, output: bytes * 100, reasoning: number * 1000)
    }

    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8] {
        Array("!\(line.number) \(problem.code)".utf8)
    }
}

/// A state folder in a temporary place, removed with the last reference.
final class TestFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "drover-jobs-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func open(quota: Int = 1 << 20) throws -> StateFolder { try StateFolder(path: path, quota: quota) }

    /// A batch over these lines.
    func batch(_ text: String, in state: StateFolder, window: Int64 = 100) async throws -> BatchRecord {
        let upload = try await state.files.begin()
        try await upload.append(Array(text.utf8))
        try await state.files.keep(
            upload,
            as: StoredFile(
                id: upload.id, owner: "o", name: "n", purpose: "batch", bytes: upload.count, createdAt: 0,
                expiresAt: nil))
        let batch = BatchRecord(
            owner: "o", endpoint: "/e", inputFile: upload.id, metadata: "{}", outputLifetime: nil, createdAt: 0,
            window: window)
        _ = try await state.batches.add(batch, limit: 10)
        return batch
    }

    func run(
        _ batch: BatchRecord, in state: StateFolder, _ work: EchoWork, concurrency: Int = 4, now: Int64 = 1
    ) async throws -> Bool {
        try await BatchRun(
            batch.id, in: state, work: work, limits: BatchLimits(concurrency: concurrency),
            progress: BatchProgress(), now: { now }
        ).run()
    }

    func file(_ id: String) -> String { path + "/files/" + id }

    /// The lines of one of a batch's files, sorted.
    func lines(_ id: String) throws -> [String] {
        let text = String(decoding: try Data(contentsOf: URL(filePath: file(id))), as: UTF8.self)
        return text.split(separator: "\n").map(String.init).sorted()
    }
}
