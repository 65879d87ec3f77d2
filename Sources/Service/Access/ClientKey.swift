import Engine

/// A key that clients may use, as the operator wrote it down. The key itself is known to its client only.
package struct ClientKey: Sendable, Equatable {
    /// 1 to 64 letters, digits, dots, hyphens and underscores: it goes into labels and log lines.
    package var name: String
    package var digest: SHA256.Digest
    /// Seconds since 1970 from which on it is not accepted any more.
    package var expires: Int64?
    /// Of requests that do not say; lower goes first.
    package var priority: Int
    /// Whether its requests may ask for a lower number than `priority`.
    package var mayRaisePriority: Bool
    /// How much of the machine it gets beside others.
    package var weight: Double
    package var limits: KeyLimits
    /// Models it may use; nil for all.
    package var models: [String]?
    /// May see the metrics, and see and end requests of others.
    package var isAdmin: Bool
    /// Shares computed prefixes with all other keys that do. Otherwise nobody can tell by the time an answer takes
    /// whether its prompts were there before.
    package var sharesCache: Bool

    package init(
        name: String, digest: SHA256.Digest, expires: Int64? = nil, priority: Int = 0, mayRaisePriority: Bool = true,
        weight: Double = 1, limits: KeyLimits = KeyLimits(), models: [String]? = nil, isAdmin: Bool = false,
        sharesCache: Bool = false
    ) {
        self.name = name
        self.digest = digest
        self.expires = expires
        self.priority = priority
        self.mayRaisePriority = mayRaisePriority
        self.weight = weight
        self.limits = limits
        self.models = models
        self.isAdmin = isAdmin
        self.sharesCache = sharesCache
    }

    var tenant: Tenant { Tenant(name: name, weight: weight) }

    /// Compared as bytes, since Swift's == takes different spellings of an accented letter for equal.
    func allows(model id: String) -> Bool { models?.contains { $0.utf8.elementsEqual(id.utf8) } ?? true }

    package static func isValid(name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// What a key may use; nil where nothing is limited.
package struct KeyLimits: Sendable, Equatable {
    /// At the same time.
    package var requests: Int?
    package var requestsPerMinute: Int?
    /// Of prompts and answers.
    package var tokensPerMinute: Int?
    /// In a day of UTC.
    package var tokensPerDay: Int?

    package init(
        requests: Int? = nil, requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, tokensPerDay: Int? = nil
    ) {
        self.requests = requests
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.tokensPerDay = tokensPerDay
    }
}
