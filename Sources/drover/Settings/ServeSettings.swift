import ArgumentParser
import Engine
import Foundation
import HTTP
import Jobs
import OpenAI
import Telemetry
import Transport

/// What `drover serve` runs with: read once, checked once, never changed.
struct ServeSettings: Sendable {
    let model: String?
    let alias: String?
    /// Where to listen; at least one.
    let endpoints: [Endpoint]
    let unixMode: FileMode
    let reusePort: Bool
    let handOver: Bool
    let allowedHosts: [String]
    let corsOrigins: [String]
    let trustedProxies: TrustedProxies?
    let proxyProtocol: Bool
    let threads: Int?
    let backend: BackendName
    let kvCache: CacheTypeName
    let kvCacheBytes: ByteCount?
    let prefixCache: SwitchName
    let cacheDir: String?
    let cacheDiskBytes: ByteCount
    let admission: AdmissionPolicy
    let speculate: SpeculationName
    let draftModel: String?
    let draftTokens: Int
    let draftKVCacheBytes: ByteCount?
    let contextLength: Int?
    let itlTarget: Int?
    let maxBatchTokens: Int
    let maxSamples: Int
    let queueLimit: Int
    let keyQueueLimit: Int
    let apiKeyFile: String?
    let openRoutes: RouteList
    let usageDir: String?
    /// Where files, batches and responses outlive the process; nil for nowhere.
    let stateDir: String?
    let keyFilesBytes: ByteCount
    let responsesBytes: ByteCount
    let responsesDays: Int
    let batchConcurrency: Int
    let tls: TLSFiles?
    let insecure: Bool
    let chatTemplate: String?
    /// Verifiers and judges, which only a file can name.
    let verification: VerifierFile
    let maxVerifiers: Int
    let drainTimeout: Int
    let logLevel: LogLevelName
    let logFormat: LogFormat

    /// All keys that a settings file may have.
    private static let keys: Set<String> = [
        "model", "alias", "host", "port", "listen", "unix-mode", "reuse-port", "hand-over", "allowed-hosts",
        "cors-origins", "trusted-proxies", "forwarded-header", "proxy-protocol", "threads", "backend", "kv-cache",
        "kv-cache-bytes", "prefix-cache", "admission", "context-length", "itl-target", "max-batch-tokens",
        "max-samples", "queue-limit", "key-queue-limit", "api-key-file", "open-routes", "usage-dir", "insecure",
        "tls-certificate", "tls-key", "tls-client-ca", "cache-dir", "cache-disk-bytes", "speculate", "draft-model",
        "draft-tokens", "draft-kv-cache-bytes",
        "state-dir", "key-files-bytes", "responses-bytes", "responses-days", "batch-concurrency", "chat-template",
        "max-verifiers", "drain-timeout", "log-level", "log-format",
    ]

    init(_ options: ServeOptions) async throws {
        let file = options.config ?? ProcessInfo.processInfo.environment["DROVER_CONFIG"]
        let reader = try await SettingsReader(file: file, keys: Self.keys.union(VerifierFile.keys))
        verification = try file.map { try VerifierFile(path: $0) } ?? VerifierFile()
        maxVerifiers = try reader.positive(options.maxVerifiers, "max-verifiers", atMost: 1024) ?? 4
        model = try reader.value(options.model, "model")
        alias = try reader.value(options.alias, "alias")
        endpoints = try Self.endpoints(options, reader)
        unixMode = try reader.value(options.unixMode, "unix-mode") ?? FileMode(bits: 0o600)
        reusePort = try reader.value(options.reusePort ? true : nil, "reuse-port") ?? false
        handOver = try reader.value(options.handOver ? true : nil, "hand-over") ?? false
        allowedHosts = try reader.value(options.allowedHosts, "allowed-hosts")?.elements.map(\.text) ?? []
        corsOrigins = try reader.value(options.corsOrigins, "cors-origins")?.elements.map(\.text) ?? []
        proxyProtocol = try reader.value(options.proxyProtocol ? true : nil, "proxy-protocol") ?? false
        trustedProxies = try Self.proxies(options, reader)
        guard !proxyProtocol || trustedProxies != nil else {
            throw SettingsError.conflict("proxy-protocol", "needs trusted-proxies")
        }
        threads = try reader.positive(options.threads, "threads")
        backend = try reader.value(options.backend, "backend") ?? .kernels
        kvCache = try reader.value(options.kvCache, "kv-cache") ?? .bf16
        kvCacheBytes = try reader.value(options.kvCacheBytes, "kv-cache-bytes")
        prefixCache = try reader.value(options.prefixCache, "prefix-cache") ?? .on
        cacheDir = try reader.value(options.cacheDir, "cache-dir")
        let diskBytes = try reader.value(options.cacheDiskBytes, "cache-disk-bytes")
        guard cacheDir != nil || diskBytes == nil else {
            throw SettingsError.conflict("cache-disk-bytes", "needs cache-dir")
        }
        guard cacheDir == nil || prefixCache == .on else {
            throw SettingsError.conflict("cache-dir", "needs prefix-cache: on")
        }
        cacheDiskBytes = diskBytes ?? ByteCount(bytes: 8 << 30)
        admission = try reader.value(options.admission, "admission") ?? .optimistic
        speculate = try reader.value(options.speculate, "speculate") ?? .ngram
        draftModel = try reader.value(options.draftModel, "draft-model")
        guard draftModel == nil || speculate == .ngram else {
            throw SettingsError.conflict("draft-model", "cannot guess with speculate: off")
        }
        let wanted = try reader.positive(options.draftTokens, "draft-tokens", atMost: DraftLength.longest)
        draftKVCacheBytes = try reader.value(options.draftKvCacheBytes, "draft-kv-cache-bytes")
        for (key, isSet) in [("draft-tokens", wanted != nil), ("draft-kv-cache-bytes", draftKVCacheBytes != nil)] {
            guard draftModel != nil || !isSet else { throw SettingsError.conflict(key, "needs draft-model") }
        }
        draftTokens = wanted ?? 4
        contextLength = try reader.positive(options.contextLength, "context-length")
        itlTarget = try reader.positive(options.itlTarget, "itl-target", atMost: 3_600_000)
        maxBatchTokens = try reader.positive(options.maxBatchTokens, "max-batch-tokens") ?? 512
        maxSamples = try reader.positive(options.maxSamples, "max-samples", atMost: SamplingFields.samplesLimit) ?? 32
        queueLimit = try reader.positive(options.queueLimit, "queue-limit") ?? 256
        keyQueueLimit = try reader.positive(options.keyQueueLimit, "key-queue-limit") ?? 32
        apiKeyFile = try reader.value(options.apiKeyFile, "api-key-file") ?? Self.credential("keys.yaml")
        openRoutes = try reader.value(options.openRoutes, "open-routes") ?? RouteList()
        usageDir = try reader.value(options.usageDir, "usage-dir")
        stateDir = try reader.value(options.stateDir, "state-dir") ?? Self.serviceState
        keyFilesBytes = try reader.value(options.keyFilesBytes, "key-files-bytes") ?? ByteCount(bytes: 1 << 30)
        responsesBytes =
            try reader.value(options.responsesBytes, "responses-bytes")
            ?? ByteCount(bytes: stateDir == nil ? 64 << 20 : 1 << 30)
        responsesDays = try reader.positive(options.responsesDays, "responses-days", atMost: 36_500) ?? 30
        batchConcurrency = try reader.positive(options.batchConcurrency, "batch-concurrency", atMost: 1024) ?? 32
        tls = try TLSFiles(options, reader)
        insecure = try reader.value(options.insecure ? true : nil, "insecure") ?? false
        chatTemplate = try reader.value(options.chatTemplate, "chat-template")
        drainTimeout = try reader.positive(options.drainTimeout, "drain-timeout") ?? 120
        logLevel = try reader.value(options.logLevel, "log-level") ?? .info
        logFormat = try reader.value(options.logFormat, "log-format") ?? .text
    }

    var responseLimits: ResponseArchive.Limits {
        ResponseArchive.Limits(bytes: responsesBytes.bytes, lifetime: Int64(responsesDays) * 86_400)
    }

    /// `listen`, or `host` and `port`. A flag wins over what variables and the file say in the other way.
    private static func endpoints(_ options: ServeOptions, _ reader: SettingsReader) throws -> [Endpoint] {
        let listen = try reader.value(options.listen, "listen")
        let host = try reader.value(options.host, "host")
        let port = try reader.value(options.port, "port")
        let isPlain = options.host != nil || options.port != nil
        guard let listen, options.listen != nil || !isPlain else {
            return [.internet(host: host ?? "127.0.0.1", port: port ?? 8080)]
        }
        let flagWins = options.listen != nil && !isPlain
        guard flagWins || host == nil && port == nil else {
            throw SettingsError.conflict("listen", "says all that host and port would; leave them out")
        }
        return listen.elements
    }

    private static func proxies(_ options: ServeOptions, _ reader: SettingsReader) throws -> TrustedProxies? {
        let field = try reader.value(options.forwardedHeader, "forwarded-header")
        guard let ranges = try reader.value(options.trustedProxies, "trusted-proxies") else {
            guard field == nil else { throw SettingsError.conflict("forwarded-header", "needs trusted-proxies") }
            return nil
        }
        return TrustedProxies(ranges.elements, field: field ?? .forwardedFor)
    }

    /// In the folder that the unit has for state (`StateDirectory=`), if there is a unit.
    private static var serviceState: String? {
        let folders = ProcessInfo.processInfo.environment["STATE_DIRECTORY"]
        return folders?.split(separator: ":").first.map { "\($0)/api" }
    }

    /// The path of a credential of the unit (`LoadCredential=`), which only this service can read.
    private static func credential(_ name: String) -> String? {
        guard let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"] else { return nil }
        let path = "\(folder)/\(name)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}

extension SettingsReader {
    fileprivate func positive(_ flag: Int?, _ key: String, atMost limit: Int = .max) throws -> Int? {
        guard let number = try value(flag, key) else { return nil }
        guard (1...limit).contains(number) else {
            throw SettingsError.outOfRange(key: key, number: number, limit: limit)
        }
        return number
    }
}
