import ArgumentParser
import Engine
import Foundation
import OpenAI
import Telemetry

/// What `drover serve` runs with: read once, checked once, never changed.
struct ServeSettings: Sendable {
    let model: String?
    let alias: String?
    let host: String
    let port: UInt16
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
    let tls: TLSFiles?
    let insecure: Bool
    let chatTemplate: String?
    let drainTimeout: Int
    let logLevel: LogLevelName
    let logFormat: LogFormat

    /// All keys that a settings file may have.
    private static let keys: Set<String> = [
        "model", "alias", "host", "port", "threads", "backend", "kv-cache", "kv-cache-bytes", "prefix-cache",
        "admission", "context-length", "itl-target", "max-batch-tokens", "max-samples", "queue-limit",
        "key-queue-limit", "api-key-file", "open-routes", "usage-dir", "insecure", "cache-dir", "cache-disk-bytes",
        "tls-certificate", "tls-key", "tls-client-ca",
        "speculate", "draft-model", "draft-tokens", "draft-kv-cache-bytes",
        "chat-template", "drain-timeout", "log-level", "log-format",
    ]

    init(_ options: ServeOptions) async throws {
        let file = options.config ?? ProcessInfo.processInfo.environment["DROVER_CONFIG"]
        let reader = try await SettingsReader(file: file, keys: Self.keys)
        model = try reader.value(options.model, "model")
        alias = try reader.value(options.alias, "alias")
        host = try reader.value(options.host, "host") ?? "127.0.0.1"
        port = try reader.value(options.port, "port") ?? 8080
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
        apiKeyFile = try reader.value(options.apiKeyFile, "api-key-file")
        openRoutes = try reader.value(options.openRoutes, "open-routes") ?? RouteList()
        usageDir = try reader.value(options.usageDir, "usage-dir")
        tls = try TLSFiles(options, reader)
        insecure = try reader.value(options.insecure ? true : nil, "insecure") ?? false
        chatTemplate = try reader.value(options.chatTemplate, "chat-template")
        drainTimeout = try reader.positive(options.drainTimeout, "drain-timeout") ?? 120
        logLevel = try reader.value(options.logLevel, "log-level") ?? .info
        logFormat = try reader.value(options.logFormat, "log-format") ?? .text
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
