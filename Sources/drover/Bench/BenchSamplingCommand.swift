import ArgumentParser
import Engine
import Foundation
import Model

/// Times the sampler apart from any model: a draw over a whole vocabulary, by what the client asks for.
struct BenchSamplingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sampling",
        abstract: "Measure drawing a token from the logits of a vocabulary, by sampling parameters.",
        discussion: """
            Logits are normal random numbers, the same in every run. As in a step of the engine, threads take one row \
            after the other; the time of a sequence is that of the step by its sequences.
            """)

    /// Parameters as the API names them, with what they say.
    private static let kinds: [(name: String, parameters: SamplingParameters)] = [
        ("temperature 0", .greedy),
        ("temperature 1", SamplingParameters()),
        ("top_p 0.95", SamplingParameters(topP: 0.95)),
        ("top_p 0.9", SamplingParameters(topP: 0.9)),
        ("top_p 0.5", SamplingParameters(topP: 0.5)),
        ("top_k 40", SamplingParameters(topK: 40)),
        ("min_p 0.05", SamplingParameters(minP: 0.05)),
    ]

    @Option(help: "Tokens of the vocabulary.")
    var vocabulary = 128_256
    @Option(help: "Sequences of a step, each with logits of its own.")
    var sequences = 16
    @Option(help: "Standard deviation of the logits: the larger, the fewer tokens have most of the weight.")
    var deviation = 3.0
    @Option(help: "Steps.")
    var steps = 200
    @Option(help: "Threads that sample; the cores this process may use without it.")
    var threads: Int?

    func validate() throws {
        guard (2...1 << 24).contains(vocabulary), (1...256).contains(sequences), (1...1_000_000).contains(steps),
            deviation > 0, deviation <= 100, (threads ?? 1) > 0
        else {
            throw ValidationError(
                """
                Tokens must be 2 to 16777216, sequences 1 to 256, steps 1 to 1000000, threads positive, the deviation \
                over 0 and up to 100.
                """)
        }
    }

    func run() throws {
        let team = try ThreadTeam(workers: threads ?? HostLimits.coreCount)
        let samplers = (0..<team.workers).map { _ in Sampler(vocabularySize: vocabulary) }
        let logits = UnsafeMutableBufferPointer<Float>.allocate(capacity: vocabulary * sequences)
        defer { logits.deallocate() }
        fill(logits)
        print("\(vocabulary) logits, \(sequences) sequences, \(team.workers) threads; us a sequence")
        print("                median    mean     p99")
        for (name, parameters) in Self.kinds {
            let times = (0..<steps).map { time(ofStep: $0, parameters, logits, samplers, team) }.sorted()
            print(
                String(
                    format: "%@ %7.1f %7.1f %7.1f", name.padding(toLength: 14, withPad: " ", startingAt: 0),
                    times[times.count / 2], times.reduce(0, +) / Double(times.count), times[times.count * 99 / 100]))
        }
    }

    /// Of each of its sequences, in microseconds.
    private func time(
        ofStep step: Int, _ parameters: SamplingParameters, _ logits: UnsafeMutableBufferPointer<Float>,
        _ samplers: [Sampler], _ team: ThreadTeam
    ) -> Double {
        guard let base = logits.baseAddress else { return 0 }
        let history = TokenHistory(prompt: [], for: parameters)
        let time = ContinuousClock().measure {
            team.share(sequences) { sequence, worker in
                var asked = parameters
                asked.seed = UInt64(sequence)
                let row = LogitsRow(values: base + sequence * vocabulary, count: vocabulary)
                _ = samplers[worker].sample(
                    RowDraw(row: row, parameters: asked, history: history, output: step, topLogprobs: nil))
            }
        }
        return time / .microseconds(1) / Double(sequences)
    }

    /// Box and Muller's method over the sampler's own random numbers.
    private func fill(_ logits: UnsafeMutableBufferPointer<Float>) {
        let random = CounterRandom(seed: 1)
        for place in logits.indices {
            let radius = (-2 * log(1 - random.uniform(at: place, round: 0))).squareRoot()
            logits[place] = Float(deviation * radius * cos(2 * .pi * random.uniform(at: place, round: 1)))
        }
    }
}
