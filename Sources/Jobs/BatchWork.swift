/// What the lines of a batch mean. This target knows only their bytes.
package protocol BatchWork: Sendable {
    /// Changes when the same line may get another answer.
    var fingerprint: String { get }

    /// Looks at a line before anything runs.
    func check(_ line: [UInt8], number: Int) -> LineCheck

    /// Answers a line. Throws `CancellationError` when the task is cancelled.
    func answer(_ line: BatchLine, _ bytes: [UInt8]) async throws -> LineAnswer

    /// The line of the error file that says why a line was not answered.
    func refusal(of line: BatchLine, _ problem: BatchProblem) -> [UInt8]
}

package struct LineCheck: Sendable {
    /// Empty where the line has none.
    package let customID: String
    /// The same for lines whose requests begin alike.
    package let beginning: Int
    /// The name of the model that the line asks for; nil where it names none.
    package let model: String?
    package let problem: BatchProblem?

    package init(customID: String, beginning: Int = 0, model: String? = nil, problem: BatchProblem? = nil) {
        self.customID = customID
        self.beginning = beginning
        self.model = model
        self.problem = problem
    }
}

package enum LineAnswer: Sendable {
    case done(LineResult)
    /// Not now: the reason is shown until it goes on.
    case later(after: Duration, reason: String)
}

/// How much a batch may be.
package struct BatchLimits: Sendable {
    /// OpenAI's.
    package var lines = 50_000
    package var lineBytes = 4 << 20
    /// That are with the engine at the same time, of each batch that runs.
    package var concurrency: Int

    package init(concurrency: Int = 32) { self.concurrency = concurrency }
}
