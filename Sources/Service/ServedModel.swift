package import Engine
package import Language

/// A loaded model as the endpoints see it: an engine, and what turns text into its tokens and back.
package struct ServedModel: Sendable {
    package let id: String
    /// Seconds since 1970.
    package let created: Int64
    /// Changes when the same seed may give another text: other weights, other kernels.
    package let fingerprint: String
    package let engine: InferenceEngine
    package let tokenizer: Tokenizer
    /// Nil for a model without a usable template: it serves plain completions only.
    package let template: ChatTemplate?
    package let defaults: SamplingDefaults
    /// Tokens that end an answer.
    package let stopTokens: [Int32]
    /// Most samples of one request.
    package let samplesLimit: Int
    /// Of embeddings whose request does not say.
    package let pooling: Pooling
    let grammars: GrammarCompiler

    /// The token that ends an answer of the assistant: a template writes it behind each message.
    var endToken: Int32? {
        tokenizer.vocabulary.special("<|eot_id|>").flatMap { stopTokens.contains($0) ? $0 : nil } ?? stopTokens.first
    }

    package init(
        id: String, created: Int64, fingerprint: String, engine: InferenceEngine, tokenizer: Tokenizer,
        template: ChatTemplate?, defaults: SamplingDefaults, stopTokens: [Int32], samplesLimit: Int = 32,
        pooling: Pooling = .mean
    ) {
        self.id = id
        self.created = created
        self.fingerprint = fingerprint
        self.engine = engine
        self.tokenizer = tokenizer
        self.template = template
        self.defaults = defaults
        self.stopTokens = stopTokens
        self.samplesLimit = samplesLimit
        self.pooling = pooling
        grammars = GrammarCompiler(tokenizer.vocabulary, count: engine.vocabularySize)
    }
}

/// Sampling of requests that do not say: what the model's maker set, else OpenAI's 1 and 1.
package struct SamplingDefaults: Sendable, Equatable {
    package var temperature: Double
    package var topP: Double
    package var topK: Int

    package init(temperature: Double = 1, topP: Double = 1, topK: Int = 0) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
    }
}
