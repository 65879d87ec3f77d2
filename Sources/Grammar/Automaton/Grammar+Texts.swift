extension Grammar {
    /// Which of some texts it contains.
    func contained(_ texts: [[UInt8]]) throws(GrammarError) -> [Bool] {
        do throws(GrammarError) {
            var budget = GrammarBudget()
            let automaton = try AutomatonBuilder.automaton(of: self, &budget)
            return texts.map { text in
                var walker = Walker(automaton)
                return text.allSatisfy { walker.push($0) } && walker.isComplete
            }
        } catch .unsatisfiable {
            return texts.map { _ in false }
        }
    }
}
