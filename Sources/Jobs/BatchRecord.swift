import GRDB

/// A batch: the requests of a file, and what has become of them.
package struct BatchRecord: Codable, Sendable, Equatable {
    package let id: String
    /// The name of the key that it belongs to; empty without one.
    package let owner: String
    /// The path that its lines are for; empty where each line names its own, see `isOfCommand`.
    package let endpoint: String
    package let inputFile: String
    /// The ids of its files, also before there are any.
    package let outputFile: String
    package let errorFile: String
    package internal(set) var status = BatchStatus.validating
    /// A JSON object of strings, as the client gave it.
    package let metadata: String
    /// Seconds that its files are kept after its end, which is when they come into being; nil for always.
    package let outputLifetime: Int64?
    /// The name of the model that all lines ask for which can run; nil where they differ, and before they were read.
    package internal(set) var model: String?
    /// Of the model that it began with: another would say other things.
    package internal(set) var fingerprint: String?

    // Seconds since 1970.
    package let createdAt: Int64
    package let expiresAt: Int64
    package internal(set) var inProgressAt: Int64?
    package internal(set) var finalizingAt: Int64?
    package internal(set) var cancellingAt: Int64?
    /// When it got the status in which it stays.
    package internal(set) var endedAt: Int64?

    // Lines that hold a request, and of these those that have been answered and those that have failed.
    package internal(set) var total = 0
    package internal(set) var completed = 0
    package internal(set) var failed = 0
    // Tokens of the lines that have been answered; nothing but `usage` reads them.
    private var inputTokens = 0
    private var cachedTokens = 0
    private var outputTokens = 0
    private var reasoningTokens = 0

    /// Which of its files there are, once it has ended.
    package internal(set) var hasOutput = false
    package internal(set) var hasErrors = false
    package internal(set) var errors: [BatchProblem] = []

    package init(
        owner: String, endpoint: String, inputFile: String, metadata: String, outputLifetime: Int64?,
        createdAt: Int64, window: Int64
    ) {
        id = RandomID.make("batch_")
        self.owner = owner
        self.endpoint = endpoint
        self.inputFile = inputFile
        outputFile = RandomID.make("file-")
        errorFile = RandomID.make("file-")
        self.metadata = metadata
        self.outputLifetime = outputLifetime
        self.createdAt = createdAt
        expiresAt = createdAt + window
    }

    /// It is that of `drover batch run`, not of a client: each line has an endpoint of its own, and nobody asks for files.
    package var isOfCommand: Bool { endpoint.isEmpty }

    /// Of the lines that have been answered.
    package var usage: BatchUsage {
        BatchUsage(input: inputTokens, cached: cachedTokens, output: outputTokens, reasoning: reasoningTokens)
    }

    /// Changes the status, if that may be.
    mutating func become(_ next: BatchStatus, at now: Int64) -> Bool {
        guard status.mayBecome(next) else { return false }
        status = next
        switch next {
        case .validating: break
        case .inProgress: inProgressAt = now
        case .finalizing: finalizingAt = now
        case .cancelling: cancellingAt = now
        case .completed, .failed, .expired, .cancelled: endedAt = now
        }
        return true
    }
}

extension BatchRecord: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "batch"
}

/// What is wrong with a line, or with a whole file.
package struct BatchProblem: Codable, Sendable, Equatable {
    package let code: String
    package let message: String
    /// From 1; nil for the file.
    package let line: Int?
    package let param: String?

    package init(code: String, message: String, line: Int? = nil, param: String? = nil) {
        self.code = code
        self.message = message
        self.line = line
        self.param = param
    }
}
