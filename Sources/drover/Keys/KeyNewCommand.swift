import ArgumentParser
import Foundation
import Service

/// Makes a key, shows it once, and writes its hash down.
struct KeyNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make an API key for a client and print it; the file gets its hash only.",
        discussion: """
            The file is one for `drover serve --api-key-file`; it is made, readable by its owner only, if it is not there. \
            Limits and the rest of an entry are edited by hand. A running server takes changes on SIGHUP.
            """)

    @Argument(help: "Who the key is for: letters, digits, dots, hyphens, underscores. Goes into logs and metrics.")
    var name: String
    @Option(help: "The key file.")
    var file = "keys.yaml"
    @Flag(help: "May see the metrics, and see and end requests of other keys.")
    var admin = false

    func validate() throws {
        guard ClientKey.isValid(name: name) else {
            throw ValidationError("A name has 1 to 64 letters, digits, dots, hyphens or underscores.")
        }
    }

    func run() throws {
        let key = Self.randomKey()
        let entry = """
            - name: \(name)
              sha256: "\(SHA256.hash(Array(key.utf8)).hex)"
            \(admin ? "  admin: true\n" : "")
            """
        try KeyFile(path: file).append(entry, named: name)
        print(key)
        FileHandle.standardError.write(Data("The key is shown only now. \(file) has its hash.\n".utf8))
    }

    /// 256 bits of the system's generator, and a mark by which a key that got lost is recognised.
    private static func randomKey() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let text = Data(bytes).base64EncodedString().filter { $0 != "=" }
        return "drv-" + text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : String($0) }.joined()
    }
}
