import ArgumentParser

@main
struct Drover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drover",
        abstract: "Serves the Llama 3 herd on a CPU behind an OpenAI-compatible API.",
        version: Version.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ChatCommand.self, InspectCommand.self, TokenizeCommand.self,
            BatchCommand.self, KeyCommand.self,
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
        abstract: "Measure a model, the kernels, output constraints or the scheduler, or a running server.",
        subcommands: [
            BenchModelCommand.self, BenchKernelsCommand.self, BenchGrammarCommand.self, BenchScheduleCommand.self,
            BenchServeCommand.self,
        ])
}
