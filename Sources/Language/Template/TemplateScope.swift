/// Names of one block; what it lacks, the block around it has.
final class TemplateScope {
    private var names: [String: TemplateValue] = [:]
    private let parent: TemplateScope?

    init(parent: TemplateScope?) { self.parent = parent }

    subscript(name: String) -> TemplateValue? {
        get {
            var scope: TemplateScope? = self
            while let current = scope {
                if let value = current.names[name] { return value }
                scope = current.parent
            }
            return nil
        }
        set { names[name] = newValue }
    }

    /// Breaks the circle of a macro and the scope that it was made in.
    func removeAll() { names.removeAll() }
}
