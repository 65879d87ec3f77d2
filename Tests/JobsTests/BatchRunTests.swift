import Foundation
import Jobs
import Testing

struct BatchRunTests {
    @Test func `each line is answered once, in one of the files`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let work = EchoWork()
        let batch = try await folder.batch("a\n\n{\nbad 1\nb\na\n", in: state)
        #expect(try await folder.run(batch, in: state, work))
        let ended = try #require(try await state.batches.batch(batch.id))
        #expect(ended.status == .completed && (ended.total, ended.completed, ended.failed) == (5, 2, 3))
        #expect(ended.errors.map(\.line) == [3, 6] && ended.errors.map(\.code).last == "duplicate_custom_id")
        #expect(try folder.lines(batch.outputFile) == ["=a", "=b"])
        #expect(try folder.lines(batch.errorFile) == ["!3 invalid_line", "!6 duplicate_custom_id", "=bad 1"])
        #expect(try await state.files.file(batch.outputFile, now: 1)?.bytes == 6)
    }

    @Test func `a file without a line that can run fails`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        for text in ["\n \n", "{\n{\n"] {
            let batch = try await folder.batch(text, in: state)
            #expect(try await folder.run(batch, in: state, EchoWork()))
            let ended = try #require(try await state.batches.batch(batch.id))
            #expect(ended.status == .failed && !ended.errors.isEmpty && !ended.hasOutput)
        }
    }

    @Test(
        arguments: [
            ("x:a\nx:b\n{\n", "x"), ("x:a\ny:b\n", nil), ("x:a\nb\n", nil), ("a\nb\n", nil),
        ] as [(String, String?)])
    func `a batch has the model of its lines, if that is one`(text: String, model: String?) async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let batch = try await folder.batch(text, in: state)
        #expect(batch.model == nil && batch.usage == .none)
        #expect(try await folder.run(batch, in: state, EchoWork()))
        #expect(try await state.batches.batch(batch.id)?.model == model)
    }

    @Test func `only answered lines have tokens`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let batch = try await folder.batch("bad 1\nabc\n", in: state)
        #expect(try await folder.run(batch, in: state, EchoWork()))
        #expect(try await state.batches.batch(batch.id)?.usage == EchoWork.usage(2, 3))
    }

    @Test func `what is left when the time is over expires`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let batch = try await folder.batch("a\nb\n", in: state, window: 1)
        #expect(try await folder.run(batch, in: state, EchoWork(), now: 5))
        #expect(try await state.batches.batch(batch.id)?.status == .expired)
        #expect(try folder.lines(batch.errorFile) == ["!1 batch_expired", "!2 batch_expired"])
    }

    @Test func `a file that a batch reads cannot be deleted`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let batch = try await folder.batch("a\n", in: state)
        #expect(try await state.files.delete(batch.inputFile) == false)
        #expect(try await folder.run(batch, in: state, EchoWork()))
        #expect(try await state.files.delete(batch.inputFile))
        #expect(!FileManager.default.fileExists(atPath: folder.file(batch.inputFile)))
    }

    /// Stops in the middle, damages the tail of the output file at each byte, and goes on with a new process's state.
    @Test func `a damaged tail is made again, whatever byte it is`() async throws {
        let text = (1...8).map { "line \($0)\n" }.joined()
        let expected = (1...8).map { "=line \($0)" }
        for cut in stride(from: 0, through: 45, by: 1) {
            let folder = TestFolder()
            let batch = try await interrupted(folder, text)
            let file = URL(filePath: folder.file(batch.outputFile))
            var bytes = [UInt8](try Data(contentsOf: file))
            guard cut < bytes.count else { break }
            // Shorter, changed, or longer by what a kill left.
            switch cut % 3 {
            case 0: bytes.removeLast(bytes.count - cut)
            case 1: bytes[cut] ^= 0x20
            default: bytes += bytes[..<cut]
            }
            try Data(bytes).write(to: file)
            let state = try folder.open()
            #expect(try await folder.run(batch, in: state, EchoWork()))
            #expect(try folder.lines(batch.outputFile) == expected, "cut at \(cut)")
            let ended = try await state.batches.batch(batch.id)
            #expect(ended?.completed == 8 && ended?.failed == 0)
            // Each line once, also one whose result was lost and made again.
            #expect(ended?.usage == BatchUsage(input: 48, cached: 36, output: 4800, reasoning: 36_000))
        }
    }

    /// A batch of which five lines have a result, and nobody holds its folder any more.
    private func interrupted(_ folder: TestFolder, _ text: String) async throws -> BatchRecord {
        let state = try folder.open()
        let batch = try await folder.batch(text, in: state)
        let work = EchoWork { line in if line.number > 5 { try await Task.sleep(for: .seconds(600)) } }
        let task = Task { try await folder.run(batch, in: state, work, concurrency: 1) }
        while try await state.batches.batch(batch.id)?.completed != 5 { await Task.yield() }
        task.cancel()
        #expect(try await task.value == false)
        return batch
    }

    @Test func `another model does not finish what one began`() async throws {
        let folder = TestFolder()
        let batch = try await interrupted(folder, (1...8).map { "line \($0)\n" }.joined())
        let state = try folder.open()
        #expect(try await folder.run(batch, in: state, EchoWork(fingerprint: "other")))
        let ended = try #require(try await state.batches.batch(batch.id))
        #expect(ended.status == .failed && ended.errors.last?.code == "model_changed")
        #expect((ended.completed, ended.failed) == (5, 3))
    }

    @Test func `a cancelled batch ends with a reason for each line that is left`() async throws {
        let folder = TestFolder()
        let state = try folder.open()
        let batch = try await folder.batch("a\nb\n", in: state)
        let work = EchoWork { line in if line.number > 1 { try await Task.sleep(for: .seconds(600)) } }
        let desk = BatchDesk(folder: state, limits: BatchLimits(), now: { 1 }) { _ in work }
        let running = Task { await desk.run(pause: { try? await Task.sleep(for: .seconds(10)) }, onRound: { _ in }) }
        while try await state.batches.batch(batch.id)?.completed != 1 { await Task.yield() }
        #expect(try await desk.cancel(batch.id)?.status == .cancelling)
        while try await state.batches.batch(batch.id)?.status != .cancelled { await Task.yield() }
        #expect(try await desk.cancel(batch.id) == nil)
        #expect(try folder.lines(batch.errorFile) == ["!2 batch_cancelled"])
        running.cancel()
        await running.value
    }

    @Test func `two processes cannot have one folder`() throws {
        let folder = TestFolder()
        let state = try folder.open()
        #expect(throws: StateError.inUse(path: state.path)) { try folder.open() }
    }
}
