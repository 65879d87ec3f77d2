package import Model

/// What decides the next token of one request: everything `Sampler.sample` looks at.
package struct RowDraw {
    package let row: LogitsRow
    package let parameters: SamplingParameters
    package let history: TokenHistory
    /// Which output token of the request is drawn.
    package let output: Int
    /// How many tokens may come behind it.
    package let room: Int
    /// How many alternatives to report; nil reports no log-probabilities.
    package let topLogprobs: Int?
    /// What limits the choice; nil where nothing does.
    package let constraint: (any TokenConstraint)?
    /// The token that comes next whatever the row says: nothing is drawn, its log-probability is reported.
    package let given: Int32?

    package init(
        row: LogitsRow, parameters: SamplingParameters, history: TokenHistory, output: Int, room: Int = .max,
        topLogprobs: Int?,
        constraint: (any TokenConstraint)? = nil, given: Int32? = nil
    ) {
        self.row = row
        self.parameters = parameters
        self.history = history
        self.output = output
        self.room = room
        self.topLogprobs = topLogprobs
        self.constraint = constraint
        self.given = given
    }
}
