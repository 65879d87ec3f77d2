/// The work of one forward step, chosen by `Scheduler.plan` and handed back to `Scheduler.commit`.
package struct StepPlan: Sendable, Equatable {
    /// Consecutive tokens of one request to feed.
    package struct Run: Sendable, Equatable {
        package let request: RequestID
        /// Index in `Scheduler.running`, valid until the commit.
        package let slot: Int
        package let positions: Range<Int>
        /// Tokens of the prompt whose log-probabilities are wanted. The rows that give them stand right before the one that
        /// samples, or are the last where none does.
        package let scored: Range<Int>
        /// Which output token (from 0) the last row samples; nil when known tokens remain to be fed.
        package let output: Int?
        /// Guesses of the tokens behind, fed in the same step: each has a row that samples too, which counts if what
        /// the rows before it gave was guessed.
        package fileprivate(set) var draft: [Int32]
        /// Rows and blocks that are kept for guesses of the draft model; 0 where it is not asked.
        package let room: Int
        /// Who guessed, or is to guess.
        package let source: DraftSource

        package init(
            request: RequestID, slot: Int, positions: Range<Int>, scored: Range<Int> = 0..<0, output: Int?,
            draft: [Int32] = [], room: Int = 0, source: DraftSource = .ngram
        ) {
            self.request = request
            self.slot = slot
            self.positions = positions
            self.scored = scored
            self.output = output
            self.draft = draft
            self.room = room
            self.source = source
        }

        /// Rows that sample.
        package var sampleCount: Int { output == nil ? 0 : 1 + draft.count }
        /// Rows whose logits are wanted: those that score, then those that sample.
        package var logitCount: Int { scored.count + sampleCount }
    }

    /// A block whose content another gets before the step.
    package struct BlockCopy: Sendable, Equatable {
        package let source: Int32
        package let target: Int32

        package init(source: Int32, target: Int32) {
            self.source = source
            self.target = target
        }
    }

    /// To be read before anything is written.
    package internal(set) var saves: [BlockSave] = []
    /// To be asked of the block store. It takes its time; `Scheduler.settle` is told how it went.
    package internal(set) var restores: [BlockRestore] = []
    /// To be made in this order before the runs are computed: a target may be the next one's source.
    package internal(set) var copies: [BlockCopy] = []
    /// Decoding requests first, then prompts, both in their order.
    package private(set) var runs: [Run] = []
    package private(set) var rowCount = 0
    /// Requests that got their blocks for this step.
    package internal(set) var admitted: [RequestID] = []
    /// Why admitted requests did not find all of their prefixes; fewer than `admitted` where some did.
    package internal(set) var misses: [PrefixMiss] = []
    /// Requests that lost their blocks to others before them.
    package internal(set) var preempted: [RequestID] = []

    /// Seconds that the step should take at most; nil where prompts have it for themselves, or nothing is known yet.
    package internal(set) var target: Double?

    /// Guessed tokens among the rows.
    package private(set) var draftCount = 0
    /// Seconds that the draft model may take to guess for this step; nil where nothing is known yet.
    package internal(set) var draftTime: Double?

    /// Nothing to do, and nothing has changed.
    var isEmpty: Bool {
        runs.isEmpty && copies.isEmpty && saves.isEmpty && restores.isEmpty && admitted.isEmpty && preempted.isEmpty
    }

    /// Nothing to do, in the same memory if nobody else has the plan.
    mutating func removeAll() {
        var runs = runs
        self = StepPlan()
        runs.removeAll(keepingCapacity: true)
        self.runs = runs
    }

    mutating func append(_ run: Run) {
        runs.append(run)
        rowCount += run.positions.count + run.draft.count
        draftCount += run.draft.count
    }

    /// Adds what the draft model guessed for one of the runs, no more than there is room for.
    mutating func guess(_ draft: [Int32], for run: Int) {
        precondition(runs[run].draft.isEmpty && draft.count <= runs[run].room, "no room for these guesses")
        runs[run].draft = draft
        rowCount += draft.count
        draftCount += draft.count
    }
}
