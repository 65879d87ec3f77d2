import ArgumentParser
import Foundation
import Jobs
import Service

/// One run of a file, with its folder beside the output while it is not done.
struct BatchJob {
    private let input: String
    private let output: String
    private let folder: StateFolder
    let batch: BatchRecord

    /// Goes on with what is in the folder, if that is of the same file.
    init(input: String, output: String) async throws {
        self.input = input
        self.output = output
        let mark = try Self.mark(of: input)
        folder = try StateFolder(path: output + ".state", quota: .max)
        if let known = try await folder.batches.list(ListPage(owner: nil, limit: 1)).first {
            guard known.inputFile == mark else {
                throw ValidationError("\(folder.path) is of another input; remove it to begin anew.")
            }
            batch = known
            return
        }
        // No window: it ends when it is done. No endpoint: each line has its own.
        batch = BatchRecord(
            owner: "", endpoint: "", inputFile: mark, metadata: "{}", outputLifetime: nil, createdAt: UnixTime.now,
            window: 100 * 365 * 86_400)
        _ = try await folder.batches.add(batch, limit: 1)
    }

    /// Changes when the file does.
    private static func mark(of path: String) throws -> String {
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        let time = (facts[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return "\(facts[.size] ?? 0) bytes of \(time)"
    }

    func run(_ work: any BatchWork, concurrency: Int) async throws {
        var limits = BatchLimits(concurrency: concurrency)
        limits.lines = .max
        let progress = BatchProgress()
        let meter = BatchMeter(batches: folder.batches, id: batch.id, progress: progress)
        let showing = Task { await meter.run() }
        let run = BatchRun(
            batch.id, in: folder, work: work, limits: limits, progress: progress, inputPath: input,
            now: { UnixTime.now })
        _ = try await run.run()
        showing.cancel()
        await showing.value
        guard let ended = try await folder.batches.batch(batch.id) else { return }
        if ended.total == 0 || ended.status == .failed {
            try FileManager.default.removeItem(atPath: folder.path)
            throw ValidationError(ended.errors.last?.message ?? "The batch failed.")
        }
        try await export(ended)
        try FileManager.default.removeItem(atPath: folder.path)
        Terminal.status("\(ended.completed) answers in \(output), \(ended.failed) failures\n")
    }

    /// Puts the results in the order of their lines; each file is there whole or not at all.
    private func export(_ ended: BatchRecord) async throws {
        let results = try await folder.batches.results(ended.id)
        for (file, id, path) in [
            (LineResult.File.output, ended.outputFile, output), (.errors, ended.errorFile, output + ".errors"),
        ] {
            let places = results.filter { $0.file == file }
            if file == .errors, places.isEmpty {
                try? FileManager.default.removeItem(atPath: path)
                continue
            }
            let part = path + ".part"
            guard FileManager.default.createFile(atPath: part, contents: nil) else {
                throw ValidationError("\(part) cannot be written.")
            }
            let target = try FileHandle(forWritingTo: URL(filePath: part))
            let source =
                try places.isEmpty ? nil : FileHandle(forReadingFrom: URL(filePath: folder.path + "/files/" + id))
            for place in places {
                try source?.seek(toOffset: UInt64(place.start))
                try target.write(contentsOf: try source?.read(upToCount: place.length) ?? Data())
            }
            try target.synchronize()
            try target.close()
            guard rename(part, path) == 0 else { throw ValidationError("\(path) cannot be written.") }
        }
    }
}

/// How far it is, on a terminal.
private struct BatchMeter: Sendable {
    let batches: BatchStore
    let id: String
    let progress: BatchProgress

    func run() async {
        guard isatty(STDERR_FILENO) == 1 else { return }
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            guard let batch = try? await batches.batch(id) else { continue }
            Terminal.status("\r\u{1B}[K" + text(batch))
        }
        Terminal.status("\r\u{1B}[K")
    }

    private func text(_ batch: BatchRecord) -> String {
        let done = batch.completed + batch.failed
        let filled = batch.total > 0 ? done * 30 / batch.total : 0
        var text = "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled) + "]"
        text += " \(done)/\(batch.total)"
        if let rate = progress.rate() {
            let left = ProgressLine.time(Double(batch.total - done) / rate)
            text += String(format: " %.1f lines/s, ", rate) + "\(left) to go"
        }
        if let trouble = progress.trouble { text += ", waiting: \(trouble.prefix(60))" }
        return text
    }
}
