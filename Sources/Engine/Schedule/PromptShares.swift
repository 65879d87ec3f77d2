/// Rows of a step that are kept for the prompts of tenants whose turn in it has not come.
///
/// Prompts are fed in their order, and a long one would take step after step. So each tenant finds its part of the rows,
/// by weight, or as many as its prompts need if that is less.
struct PromptShares {
    private struct Share {
        let tenant: Tenant
        /// Rows that its prompts want.
        var wanted: Int
        var kept = 0
    }

    private var shares: [Share] = []
    /// Of all of them.
    private var kept = 0

    /// - Parameter running: requests in their order; those with more than one token to feed are at a prompt. Only the
    ///   first priority among them shares: others get what it leaves.
    init(rows: Int, among running: [ActiveRequest]) {
        guard let first = running.indices.first(where: { running[$0].pendingCount > 1 }) else { return }
        let (priority, name) = (running[first].order.priority, running[first].tenant.name)
        let isShared = running.indices[first...].contains {
            running[$0].order.priority == priority && running[$0].pendingCount > 1 && running[$0].tenant.name != name
        }
        guard isShared else { return }
        for slot in running.indices[first...]
        where running[slot].order.priority == priority && running[slot].pendingCount > 1 {
            add(running[slot].tenant, wanted: running[slot].pendingCount)
        }
        let weight = shares.reduce(0) { $0 + $1.tenant.weight }
        for number in shares.indices {
            let part = Int(Double(rows) * (shares[number].tenant.weight / weight))
            shares[number].kept = min(part, shares[number].wanted)
            kept += shares[number].kept
        }
    }

    private mutating func add(_ tenant: Tenant, wanted: Int) {
        if let known = number(of: tenant) {
            shares[known].wanted += wanted
        } else {
            shares.append(Share(tenant: tenant, wanted: wanted))
        }
    }

    /// Which share is a tenant's; nil where there is nothing to share.
    func number(of tenant: Tenant) -> Int? { shares.firstIndex { $0.tenant.name == tenant.name } }

    /// Rows that must be left to all others but one.
    func kept(besides number: Int?) -> Int { kept - (number.map { shares[$0].kept } ?? 0) }

    /// A request had its turn: it wanted so many rows and took so many.
    mutating func take(_ count: Int, of wanted: Int, from number: Int?) {
        guard let number else { return }
        shares[number].wanted -= wanted
        kept -= shares[number].kept
        shares[number].kept = max(0, min(shares[number].kept - count, shares[number].wanted))
        kept += shares[number].kept
    }
}
