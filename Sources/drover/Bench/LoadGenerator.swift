import JSON
import Synchronization

/// Closed-loop load: each client sends its next request when its last answer has ended.
struct LoadGenerator: Sendable {
    let clients: Int
    let requests: Int
    /// Words at the beginning of each prompt that are the same in all, and words that are not.
    let sharedWords: Int
    let inputWords: Int
    let parameters: JSONObject
    let connect: @Sendable () throws -> RemoteModel

    /// One request as its client saw it. Times are since it was sent.
    struct Sample: Sendable {
        var pieces: [Duration] = []
        var total: Duration = .zero
        var usage = RemoteModel.Usage()
    }

    /// What all clients have done so far.
    private final class Tally: Sendable {
        struct State {
            var started = 0
            var samples: [Sample] = []
            var failures: [String] = []
        }

        let state = Mutex(State())
    }

    /// - Parameter onProgress: gets a line about once a second.
    func run(onProgress: @escaping @Sendable (String) -> Void) async throws -> LoadReport {
        let tally = Tally()
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await report(tally, since: start, to: onProgress) }
            try await withThrowingDiscardingTaskGroup { clients in
                for _ in 0..<self.clients { clients.addTask { try await serveOne(tally) } }
            }
            group.cancelAll()
        }
        let (samples, failures) = tally.state.withLock { ($0.samples, $0.failures) }
        return LoadReport(clients: clients, elapsed: .now - start, samples: samples, failures: failures)
    }

    private func serveOne(_ tally: Tally) async throws {
        let model = try connect()
        while let number = tally.state.withLock({ take(&$0) }) {
            do {
                let sample = try await measure(model, number)
                tally.state.withLock { $0.samples.append(sample) }
            } catch {
                tally.state.withLock { $0.failures.append("\(error)") }
            }
        }
        await model.disconnect()
    }

    private func take(_ state: inout Tally.State) -> Int? {
        guard state.started < requests else { return nil }
        state.started += 1
        return state.started
    }

    private func measure(_ model: RemoteModel, _ number: Int) async throws -> Sample {
        let recorder = Recorder()
        let usage = try await model.stream(messages: [prompt(number)], parameters: parameters) { text in
            if !text.isEmpty { recorder.note() }
        }
        return Sample(pieces: recorder.pieces.withLock { $0 }, total: .now - recorder.start, usage: usage)
    }

    /// When each piece of one answer came.
    private final class Recorder: Sendable {
        let start = ContinuousClock.now
        let pieces = Mutex<[Duration]>([])

        func note() { pieces.withLock { $0.append(.now - start) } }
    }

    /// Past the shared words every prompt goes on differently, so that no server can reuse another request's prefix.
    private func prompt(_ number: Int) -> JSONValue {
        let words = Self.words(sharedWords, 0) + ["\(number)"] + Self.words(inputWords, number)
        return ["role": "user", "content": .string(words.joined(separator: " "))]
    }

    private static func words(_ count: Int, _ number: Int) -> [String] {
        let words = ["river", "stone", "cloud", "lamp", "seven", "green", "walk", "story", "paper", "wind"]
        return (0..<count).map { words[($0 * 7 + number * 3 + $0 / 10) % words.count] }
    }

    private func report(
        _ tally: Tally, since start: ContinuousClock.Instant, to onProgress: @Sendable (String) -> Void
    ) async throws {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let (samples, failures) = tally.state.withLock { ($0.samples, $0.failures.count) }
            let tokens = samples.reduce(0) { $0 + $1.usage.completionTokens }
            let rate = Double(tokens) / ((ContinuousClock.now - start) / .seconds(1))
            onProgress("\(samples.count)/\(requests) answers, \(Int(rate)) tokens/s, \(failures) failed   ")
        }
    }
}
