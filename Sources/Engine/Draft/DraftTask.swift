/// A request that a plan has room for guesses for, while they are made.
struct DraftTask {
    /// Its run in the plan.
    let run: Int
    let id: RequestID
    let tokens: [Int32]
    /// Output token of the request that is guessed first.
    let output: Int
    /// Most guesses; fewer once it is known that there will be no more.
    private(set) var room: Int
    var sequence: DraftSequence

    init(run: Int, id: RequestID, tokens: [Int32], output: Int, room: Int, sequence: DraftSequence) {
        self.run = run
        self.id = id
        self.tokens = tokens
        self.output = output
        self.room = room
        self.sequence = sequence
        self.sequence.follow(tokens)
    }

    /// Tokens of the text that are to be fed before there is a guess.
    var pendingCount: Int { tokens.count - sequence.computed }

    /// The draft model's positions for the text and all guesses; the last guess is never fed.
    var positions: Int { tokens.count + room - 1 }

    var wantsMore: Bool { sequence.guesses.count < room }

    /// What is fed next, and where: what is left of the text, or the last guess.
    var next: (tokens: ArraySlice<Int32>, position: Int) {
        if pendingCount > 0 { return (tokens[sequence.computed...], sequence.computed) }
        return (sequence.guesses.suffix(1), tokens.count + sequence.guesses.count - 1)
    }

    /// The first `count` tokens of `next` were fed.
    mutating func feed(_ count: Int) {
        if pendingCount > 0 { sequence.advance(to: sequence.computed + count) }
    }

    /// Takes in what the row of its last token gave.
    mutating func take(_ outcome: RowOutcome) {
        switch outcome {
        case .token(let token), .lastToken(let token): sequence.append(guess: token.id)
        case .noToken, .noRoom, .notANumber, .pooled, .vector: stop()
        }
    }

    /// Nothing more is guessed.
    mutating func stop() { room = sequence.guesses.count }
}
