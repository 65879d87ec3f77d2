import ArgumentParser
import CSandbox
import Foundation
import Verifiers

@main
struct Program {
    static func main() async {
        // What a server starts for each candidate that a command verifies; nothing for people.
        if CommandLine.argc > 1, CommandLine.arguments[1] == Sandbox.word {
            exit(sandbox_main(CommandLine.argc, CommandLine.unsafeArgv))
        }
        await Drover.main()
    }
}

struct Drover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drover",
        abstract: "Serves the Llama 3 herd on a CPU behind an OpenAI-compatible API.",
        version: Version.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ChatCommand.self, InspectCommand.self, TokenizeCommand.self,
            BatchCommand.self, CurateCommand.self, KeyCommand.self,
            BenchCommand.self,
        ])
}

/// Printed by `--version`, part of the fingerprint of answers.
enum Version {
    static let text = "0.1.0"
}

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract:
            """
            Measure a model, kernels, sampling, output constraints, the scheduler, deduplication, streams, or a running \
            server.
            """,
        subcommands: [
            BenchModelCommand.self, BenchKernelsCommand.self, BenchSamplingCommand.self, BenchGrammarCommand.self,
            BenchScheduleCommand.self, BenchServeCommand.self, BenchDedupCommand.self, BenchEventsCommand.self,
        ])
}
