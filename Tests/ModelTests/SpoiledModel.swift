import Model

/// A way to spoil a model, and the field that the refusal must name.
struct SpoiledModel: Sendable, CustomStringConvertible {
    let description: String
    let field: String
    let spoil: @Sendable (inout GGUFBuilder) -> Void

    init(_ description: String, _ field: String, _ spoil: @escaping @Sendable (inout GGUFBuilder) -> Void) {
        self.description = description
        self.field = field
        self.spoil = spoil
    }

    func refusal() -> CheckpointError? {
        var builder = GGUFBuilder.llama()
        spoil(&builder)
        return ModelTests.refusal(of: builder)
    }
}
