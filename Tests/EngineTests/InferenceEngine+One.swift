import Engine

extension InferenceEngine {
    /// The stream of a request with one sample.
    func submitOne(_ request: GenerationRequest) throws(EngineError) -> TokenStream { try submit(request)[0] }
}
