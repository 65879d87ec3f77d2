import Engine
import Foundation
import JSON
import Jobs
import Service
import Testing
import Verifiers

/// The lines of a command's batch, each with an endpoint of its own, by the service in this process.
struct BatchLineWorkTests {
    private let place = FileManager.default.temporaryDirectory.appending(path: "drover-lines-\(UUID().uuidString)")

    /// What becomes of these lines: those of the output file by their ids, and those of the error file.
    private func results(
        _ lines: [JSONValue], by service: TestService, whileRunning: () async throws -> Void = {}
    ) async throws -> (answers: [String: JSONObject], errors: [JSONObject]) {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let input = place.appending(path: "in.jsonl")
        try Data(lines.flatMap { $0.serialized + [0x0A] }).write(to: input)
        let folder = try StateFolder(path: place.appending(path: "state").path, quota: .max)
        let batch = BatchRecord(
            owner: "", endpoint: "", inputFile: "in", metadata: "{}", outputLifetime: nil, createdAt: 0, window: 100)
        _ = try await folder.batches.add(batch, limit: 1)
        let table = BatchEndpointTable(
            state: service.state, access: service.access, verifiers: VerifierRoster(), judges: JudgeRoster())
        let run = BatchRun(
            batch.id, in: folder, work: table.work(for: batch), limits: BatchLimits(concurrency: 4),
            progress: BatchProgress(), inputPath: input.path, now: { 1 })
        async let isOver = run.run()
        try await whileRunning()
        #expect(try await isOver)
        let answers = try read(folder, batch.outputFile)
        return (
            Dictionary(uniqueKeysWithValues: answers.map { ($0["custom_id"]?.string ?? "", $0) }),
            try read(folder, batch.errorFile)
        )
    }

    private func read(_ folder: StateFolder, _ file: String) throws -> [JSONObject] {
        let bytes = (try? Data(contentsOf: URL(filePath: folder.path + "/files/" + file))) ?? Data()
        return try bytes.split(separator: 0x0A).compactMap { try JSONValue(parsing: Array($0)).object }
    }

    private func line(_ id: String, _ url: String, _ body: JSONObject) -> JSONValue {
        ["custom_id": .string(id), "method": "POST", "url": .string(url), "body": .object(body)]
    }

    @Test func `a line runs behind interactive requests, whatever it says`() async throws {
        let service = try TestService(contextLength: 4_096)
        let body: JSONObject = [
            "prompt": "The quick", "ignore_eos": true, "max_tokens": 2_000, "priority": "interactive",
        ]
        var priority: Int64?
        let (answers, _) = try await results([line("a", "/v1/completions", body)], by: service) {
            for _ in 0..<10_000 where priority == nil {
                let card = try await service.get("/v1/requests").json["data"]?.array?.first?.object
                priority = card?["priority"]?.integer
            }
        }
        #expect(priority == Int64(RequestOrder.batchPriority) && answers.count == 1)
    }

    @Test func `each line has its endpoint, and its seed is the same each time`() async throws {
        let service = try TestService()
        let drawn: JSONObject = ["prompt": "The quick", "temperature": 1.5, "max_tokens": 12]
        let lines = [
            line("drawn", "/v1/completions", drawn), line("vector", "/v1/embeddings", ["input": "The quick"]),
            line("nowhere", "/v1/nowhere", drawn),
        ]
        let (answers, errors) = try await results(lines, by: service)
        #expect(answers.keys.sorted() == ["drawn", "vector"])
        let problem = errors.first?["error"]?.object
        #expect(errors.count == 1 && problem?["param"] == "url" && problem?["line"] == 3)
        let again = try await results(lines, by: service).answers
        let texts = [answers, again].map { answers in
            answers["drawn"]?["response"]?.object?["body"]?.object?["choices"]?.array?.first?.object?["text"]?.string
        }
        #expect(texts[0] != nil && texts[0] == texts[1])
    }
}
