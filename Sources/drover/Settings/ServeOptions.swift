import ArgumentParser
import Engine
import HTTP
import Model
import Telemetry
import Transport

/// The flags of `drover serve`. Each may also come from a variable or the settings file; see `SettingsReader`.
struct ServeOptions: ParsableArguments {
    @Option(help: "A YAML file with settings, keys spelled as these flags.")
    var config: String?
    @Option(help: "A GGUF file or a safetensors directory; the bundled demonstration model without it.")
    var model: String?
    @Option(help: "Name of the model for clients; its file's name without it.")
    var alias: String?
    @Option(help: "Address to listen on. (default: 127.0.0.1)")
    var host: String?
    @Option(help: "Port to listen on; 0 lets the system choose. (default: 8080)")
    var port: UInt16?
    @Option(
        help: """
            Addresses to listen on, in place of --host and --port: 0.0.0.0:8080,[::1]:8080,unix:/run/drover/drover.sock. \
            [::] takes IPv4 too, unless 0.0.0.0 is among them. Sockets that systemd passes take their place.
            """)
    var listen: CommaList<Endpoint>?
    @Option(help: "Permissions of the file of a Unix socket. (default: 600)")
    var unixMode: FileMode?
    @Flag(help: "Let several servers listen at the same address (SO_REUSEPORT).")
    var reusePort = false
    @Flag(help: "Leave the sockets with systemd, which has FileDescriptorStoreMax, so that a restart refuses nobody.")
    var handOver = false
    @Option(
        help: """
            Hosts to answer for, besides this machine's: chat.example,10.0.0.7. Without API keys on loopback others get \
            421; elsewhere only if this is given.
            """)
    var allowedHosts: CommaList<HostName>?
    @Option(help: "Origins of web pages that may use the server, besides localhost's: https://chat.example, or *.")
    var corsOrigins: CommaList<WebOrigin>?
    @Option(
        help: "Proxies whose word on their clients is taken: 10.0.0.0/8,192.0.2.7,unix. Nobody's without it.")
    var trustedProxies: CommaList<AddressRange>?
    @Option(help: "Where they write the client: x-forwarded-for or forwarded. (default: x-forwarded-for)")
    var forwardedHeader: TrustedProxies.Field?
    @Flag(help: "Their connections begin with a PROXY protocol header, version 2.")
    var proxyProtocol = false
    @Option(help: "Threads that compute; the cores this process may use without it.")
    var threads: Int?
    @Option(help: "Who multiplies matrices: kernels or openblas. (default: kernels)")
    var backend: BackendName?
    @Option(help: "How keys and values are kept: bf16, or q8 for half the bytes. (default: bf16)")
    var kvCache: CacheTypeName?
    @Option(help: "Memory for keys and values, such as 2GiB; a share of what is free without it.")
    var kvCacheBytes: ByteCount?
    @Option(help: "Whether requests with equal beginnings share what was computed: on or off. (default: on)")
    var prefixCache: SwitchName?
    @Option(help: "A directory where computed beginnings outlive their place in memory, and the process.")
    var cacheDir: String?
    @Option(help: "Most bytes of files in --cache-dir; the oldest are removed. (default: 8GiB)")
    var cacheDiskBytes: ByteCount?
    @Option(
        help: """
            When requests start: optimistic, as soon as their tokens fit, or reservation, when all they may generate fits \
            too. (default: optimistic)
            """)
    var admission: AdmissionPolicy?
    @Option(
        help: """
            Whether tokens are guessed where a step has room: ngram, as the text went on before or its output format must \
            go on, or off. The text is the same. (default: ngram)
            """)
    var speculate: SpeculationName?
    @Option(
        help: """
            A smaller model with the same vocabulary, a GGUF file or a safetensors directory, that guesses where the text \
            does not go on as before. The text is the same.
            """)
    var draftModel: String?
    @Option(help: "Most tokens that it guesses for a request in one step, 1 to 15. (default: 4)")
    var draftTokens: Int?
    @Option(help: "Memory for its keys and values; without it as much as 16384 tokens take.")
    var draftKvCacheBytes: ByteCount?
    @Option(help: "Most tokens of prompt and answer together; the model's own limit without it.")
    var contextLength: Int?
    @Option(
        help: """
            Milliseconds between two tokens of a request that prompts of others should not exceed; without it 100, or what \
            prompts need to keep three quarters of their speed.
            """)
    var itlTarget: Int?
    @Option(help: "Most rows in one step. (default: 512)")
    var maxBatchTokens: Int?
    @Option(help: "Most samples of one request (n, best_of), at most 128. (default: 32)")
    var maxSamples: Int?
    @Option(help: "Samples of requests that may wait; one request more is refused with 429. (default: 256)")
    var queueLimit: Int?
    @Option(help: "Of these, those of one API key. (default: 32)")
    var keyQueueLimit: Int?
    @Option(
        help: """
            The file of API keys, made by `drover key new`. With one every request but GET /health/live needs a key; SIGHUP \
            reads it again. Without it systemd's credential keys.yaml, if there is one.
            """)
    var apiKeyFile: String?
    @Option(help: "Routes that need no key even so, as /health,/metrics.")
    var openRoutes: RouteList?
    @Option(help: "Folder for a file a day of what each key has used; tokens a day are then counted across restarts.")
    var usageDir: String?
    @Option(
        help: """
            A folder for files, batches and stored responses, which outlive the process; without it the routes of files and \
            batches are closed. Under systemd a folder in its StateDirectory.
            """)
    var stateDir: String?
    @Option(help: "Most bytes of uploaded files of one API key. (default: 1GiB)")
    var keyFilesBytes: ByteCount?
    @Option(
        help: """
            Most bytes of stored responses, an eighth of it for one; the oldest make room. (default: 1GiB in the state-dir, \
            64MiB in memory without)
            """)
    var responsesBytes: ByteCount?
    @Option(help: "Days that a response is stored. (default: 30)")
    var responsesDays: Int?
    @Option(help: "Lines of a batch that are with the engine at the same time. (default: 32)")
    var batchConcurrency: Int?
    @Option(help: "The server's certificate and its chain, PEM; with it Drover speaks TLS only. SIGHUP reads it again.")
    var tlsCertificate: String?
    @Option(help: "The certificate's private key, PEM without a passphrase, closed to other users.")
    var tlsKey: String?
    @Option(
        help: """
            Certificates of authorities, PEM: clients must show a certificate of one. Revocation lists may stand beside \
            them.
            """)
    var tlsClientCa: String?
    @Flag(help: "Listen beyond this machine without API keys or client certificates.")
    var insecure = false
    @Option(help: "A Jinja chat template in place of the model's own.")
    var chatTemplate: String?
    @Option(
        help: """
            Most verifiers that run at the same time. The settings file names them, and judges on other servers; see \
            README.md. (default: 4)
            """)
    var maxVerifiers: Int?
    @Option(help: "Seconds that running requests get to finish after SIGTERM. (default: 120)")
    var drainTimeout: Int?
    @Option(help: "Least severe level to log: trace, debug, info, notice, warning or error. (default: info)")
    var logLevel: LogLevelName?
    @Option(help: "Log lines as text, key=value, or as json, one object a line with the time. (default: text)")
    var logFormat: LogFormat?
}

/// Route patterns, separated by commas.
struct RouteList: ExpressibleByArgument {
    let patterns: Set<String>

    init?(argument: String) {
        patterns = Set(argument.split(separator: ",").map { $0.trimmingPrefix(while: { $0 == " " }) }.map(String.init))
        guard !patterns.isEmpty, patterns.allSatisfy({ $0.hasPrefix("/") }) else { return nil }
    }

    init() { patterns = [] }
}

enum BackendName: String, ExpressibleByArgument, CaseIterable {
    case kernels
    case openblas
}

enum CacheTypeName: String, ExpressibleByArgument, CaseIterable {
    case bf16
    case q8

    var type: RuntimeSettings.CacheType { self == .q8 ? .q8 : .full }
}

enum SwitchName: String, ExpressibleByArgument, CaseIterable {
    case on, off
}

enum SpeculationName: String, ExpressibleByArgument, CaseIterable {
    case ngram, off
}

extension AdmissionPolicy: ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}

enum LogLevelName: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error
}
