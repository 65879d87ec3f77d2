import Engine
import OpenAI

/// Who sends a request, as far as that matters: a key, or nobody in particular.
struct Caller: Sendable {
    /// Nil where no key was needed.
    private let key: ClientKey?
    private let account: KeyAccount?
    let isAdmin: Bool
    /// The least number that its requests may have as priority: whatever they say, interactive ones go first.
    private var leastPriority = 0

    /// As one whose requests are a batch's.
    var inBatch: Caller {
        var caller = self
        caller.leastPriority = RequestOrder.batchPriority
        return caller
    }

    /// - Parameter isAdmin: true on a server without keys: whoever reaches it may do everything.
    static func nobody(isAdmin: Bool) -> Caller { Caller(key: nil, account: nil, isAdmin: isAdmin) }

    init(_ key: ClientKey, _ account: KeyAccount) { self.init(key: key, account: account, isAdmin: key.isAdmin) }

    private init(key: ClientKey?, account: KeyAccount?, isAdmin: Bool) {
        self.key = key
        self.account = account
        self.isAdmin = isAdmin
    }

    /// Empty for nobody in particular.
    var name: String { key?.name ?? "" }
    var tenant: Tenant { key?.tenant ?? .nobody }

    /// May see and end a request of that owner.
    func mayTouch(requestOf owner: String) -> Bool { isAdmin || owner.utf8.elementsEqual(name.utf8) }

    func allows(model id: String) -> Bool { key?.allows(model: id) ?? true }

    /// OpenAI's refusal of a model that is there, but not for this key.
    func check(model id: String) throws(APIError) {
        guard !allows(model: id) else { return }
        throw .forbidden("The API key '\(name)' has no access to model '\(id)'.", "model", code: "model_not_found")
    }

    /// The priority of a request that asks for one, or does not.
    func priority(_ asked: Int?) throws(APIError) -> Int {
        guard let key, let asked else { return max(leastPriority, asked ?? key?.priority ?? 0) }
        guard asked >= key.priority || key.mayRaisePriority else {
            throw .forbidden(
                "The API key '\(name)' may not ask for a priority before \(key.priority).", "priority",
                code: "priority_not_allowed")
        }
        return max(leastPriority, asked)
    }

    /// Requests share what they have computed with those of the same scope. Names have no slash and are not empty, so
    /// no salt leads into the scope of another key.
    func cacheScope(salt: String) -> String {
        guard let key else { return account == nil && isAdmin ? salt : "/" + salt }
        return (key.sharesCache ? "/" : key.name + "/") + salt
    }

    /// Throws when a limit is reached already, so that the request need not be looked at.
    func checkLimits() throws(APIError) { try account?.check() }

    /// Charges a request with what it may be expected to use.
    ///
    /// - Parameters:
    ///   - generations: one for each of its prompts.
    ///   - maxTokens: what the client set; nil when it did not.
    func begin(_ generations: [GenerationRequest], maxTokens: Int?) throws(APIError) -> Meter {
        let charge = generations.reduce(0) { sum, generation in
            // At most 128 samples of a context.
            let output = min(generation.maxTokens, maxTokens ?? Self.expectedOutput)
            return sum + generation.prompt.count + output * generation.samples
        }
        try account?.begin(tokens: charge)
        return Meter(account, promptTokens: generations.map(\.prompt.count), charged: charge)
    }

    /// Tokens with which an answer without a limit counts until it has ended.
    private static let expectedOutput = 256

    var rateHeaders: [(name: String, value: String)] { account?.headers ?? [] }
}
