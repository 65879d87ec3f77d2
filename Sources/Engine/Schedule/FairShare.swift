/// Gives each request its place among those of other tenants: start-time fair queueing (Goyal, Vin, Cheng 1996) with
/// tokens for packets.
///
/// Every tenant has a line of its requests, one behind the other, each as long as it costs: prompt and output tokens by
/// the weight of its tenant. The place of a request is where it begins in its line, and never changes. Who has had
/// nothing for a while begins where the others have come to: beside one that is served, before all that this one has
/// ahead, and with no claim to what it did not use.
///
/// How much a request generates is known when it has ended. Until then it counts with what those of its tenant generate on
/// average, at most what it asks for: `max_tokens` alone would put a tenant that sets none far behind. The difference moves
/// the end of the line. A tenant is forgotten when it has no requests and its line ends before where the others are.
struct FairShare: Sendable {
    /// Where a request stands, and with how many output tokens it counts.
    struct Place: Sendable {
        var start = 0.0
        var expectedOutput = 0
    }

    fileprivate struct Account {
        /// Of its line.
        var end = 0.0
        /// The last place given: a line that turned out shorter does not put new requests before old ones.
        var last = 0.0
        /// Where the last of its requests that have started ends in its line.
        var started = 0.0
        var meanOutput = FairShare.firstMean
        /// Requests that have not ended.
        var open = 0
    }

    /// Requests of one priority: those of others are never compared by their place.
    fileprivate struct Class {
        /// Where new tenants begin. Never goes back, so nobody is passed for ever.
        var now = 0.0
        var accounts: [String: Account] = [:]
        var open = 0
        /// Accounts at which those without a claim are looked for.
        var limit = 64
    }

    /// Output tokens of a request before any has ended.
    private static let firstMean = 256.0
    /// Requests that a mean looks back on.
    private static let memory = 8.0

    private var classes: [Int: Class] = [:]

    /// Tenants that are remembered.
    var count: Int { classes.values.reduce(0) { $0 + $1.accounts.count } }

    /// The place of a new request.
    ///
    /// - Parameters:
    ///   - outputLimit: most tokens that each of its samples may generate.
    ///   - running: requests that have started, of all tenants.
    mutating func enter(_ request: GenerationRequest, outputLimit: Int, beside running: [ActiveRequest]) -> Place {
        let tenant = request.tenant
        // Out of the table while it changes, so that it is not copied.
        var line = classes.removeValue(forKey: request.priority) ?? Class()
        var account = line.accounts[tenant.name] ?? Account()
        if line.open > account.open { line.advance(beside: running, priority: request.priority) }
        let expected = min(outputLimit, max(1, Int(account.meanOutput)))
        let start = max(line.now, account.end, account.last)
        account.last = start
        account.end = start + Double(request.prompt.count + request.samples * expected) / tenant.weight
        account.open += request.samples
        line.open += request.samples
        line.accounts[tenant.name] = account
        line.forgetIdle()
        classes[request.priority] = line
        return Place(start: start, expectedOutput: expected)
    }

    /// A request has got its first blocks.
    mutating func start(_ request: ActiveRequest) {
        guard let account = classes[request.order.priority]?.accounts[request.tenant.name] else { return }
        let end = request.order.place + Double(request.costBefore + request.cost) / request.tenant.weight
        classes[request.order.priority]?.accounts[request.tenant.name]?.started = max(account.started, end)
    }

    /// A request has ended, having cost what it cost.
    mutating func leave(_ request: ActiveRequest) {
        let priority = request.order.priority
        guard var line = classes.removeValue(forKey: priority) else { return }
        line.open -= 1
        // With its last request a class starts anew.
        guard line.open > 0 else { return }
        if var account = line.accounts[request.tenant.name] {
            account.open -= 1
            account.end += Double(request.served - request.cost) / request.tenant.weight
            if request.outputCount > 0 {
                account.meanOutput += (Double(request.outputCount) - account.meanOutput) / Self.memory
            }
            line.accounts[request.tenant.name] = account
        }
        classes[priority] = line
    }
}

extension FairShare.Class {
    /// Where tenants begin that were not there: where the one of those being served has come to that got least.
    fileprivate mutating func advance(beside running: [ActiveRequest], priority: Int) {
        var ahead: [String: Double] = [:]
        for slot in running.indices where running[slot].order.priority == priority {
            ahead[running[slot].tenant.name, default: 0] += running[slot].unserved
        }
        let reached = ahead.compactMap { name, tokens in accounts[name].map { $0.started - tokens } }.min()
        now = max(now, reached ?? now)
    }

    /// Whose line has ended gets the same place as somebody new.
    fileprivate mutating func forgetIdle() {
        guard accounts.count > limit else { return }
        accounts = accounts.filter { $1.open > 0 || $1.end > now }
        limit = max(64, accounts.count * 2)
    }
}
