import Engine
import HTTP
import HTTPTypes
import JSON
import Service
import Testing

/// Who gets in, and what for.
struct AccessControlTests {
    private static func key(_ name: String, _ change: (inout ClientKey) -> Void = { _ in }) -> ClientKey {
        var key = ClientKey(name: name, digest: SHA256.hash(Array("drv-\(name)".utf8)))
        change(&key)
        return key
    }

    private static func bearer(_ key: String) -> HTTPFields { [.authorization: "Bearer \(key)"] }

    private static let body = #"{"prompt": [1, 2, 3], "max_tokens": 4, "ignore_eos": true}"#

    private static func code(_ answer: TestService.Answer) throws -> String? {
        try answer.json["error"]?.object?["code"]?.string
    }

    @Test func `A4 every route but one needs a key`() async throws {
        let keys = [Self.key("alice"), Self.key("admin") { $0.isAdmin = true }]
        let table = try TestService(keys: keys).router.table
        #expect(table.count >= 15)
        for (method, pattern) in table {
            // One each: after so many wrong keys others would be answered with 429.
            let service = try TestService(isReady: false, keys: keys)
            let path = pattern.replacing("{id}", with: "oracle")
            for fields in [HTTPFields(), Self.bearer("drv-mallory"), Self.bearer("drv-alic"), Self.bearer("")] {
                let answer = try await service.send(method, path, "", fields)
                guard pattern != "/health/live" else {
                    #expect(answer.head.status == .ok)
                    continue
                }
                #expect(answer.head.status == .unauthorized, "\(method) \(pattern)")
                #expect(answer.head.headerFields[.wwwAuthenticate] == "Bearer")
                #expect(try Self.code(answer) == "invalid_api_key")
            }
            let answer = try await service.send(method, path, "", Self.bearer("drv-admin"))
            #expect(answer.head.status != .unauthorized && answer.head.status != .forbidden, "\(method) \(pattern)")
        }
    }

    @Test(arguments: [
        "/nothing", "/V1/models", "//v1/models", "/v1/models/", "/v1%2fmodels", "/x/../v1/models", "/health/live/x",
        "http://test/v1/models", "/v1/models?key=drv-alice", "/",
    ])
    func `A5 no other spelling of a path is a way around`(_ path: String) async throws {
        let service = try TestService(keys: [Self.key("alice")])
        #expect(try await service.get(path).head.status == .unauthorized)
    }

    @Test func `A1 takes either header, and the scheme in any case`() async throws {
        let service = try TestService(keys: [Self.key("alice")])
        let apiKey = try #require(HTTPField.Name("x-api-key"))
        var both = Self.bearer("drv-alice")
        both[apiKey] = "drv-alice"
        for fields: HTTPFields in [
            Self.bearer("drv-alice"), [.authorization: "bEARER drv-alice"], [apiKey: "drv-alice"], both,
            [.authorization: "Basic YTpi", apiKey: "drv-alice"],
        ] {
            #expect(try await service.get("/v1/models", fields: fields).head.status == .ok)
        }
        for value in [
            "drv-alice", "Bearer", "Bearer  drv-alice", "Bearer drv-alice x", "Bearerdrv-alice", "Token drv-alice",
        ] {
            let answer = try await service.get("/v1/models", fields: [.authorization: value])
            #expect(answer.head.status == .unauthorized, "\(value)")
        }
        both[apiKey] = "drv-other"
        #expect(try await service.get("/v1/models", fields: both).head.status == .badRequest)
        var twice = Self.bearer("drv-alice")
        twice.append(HTTPField(name: .authorization, value: "Bearer drv-alice"))
        #expect(try await service.get("/v1/models", fields: twice).head.status == .badRequest)
    }

    @Test func `A2 and A3 a key is all of its bytes and nothing like them`() async throws {
        let service = try TestService(keys: [Self.key("é")])
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-é")).head.status == .ok)
        for wrong in ["erv-é", "drv-è", "d", "drv-e\u{301}", "drv-é\u{FE0F}", String(repeating: "d", count: 8_000)] {
            #expect(try await service.get("/v1/models", fields: Self.bearer(wrong)).head.status == .unauthorized)
        }
    }

    @Test func `an expired key is answered like one that never was`() async throws {
        let service = try TestService(keys: [
            Self.key("old") { $0.expires = UnixTime.now - 1 }, Self.key("young") { $0.expires = UnixTime.now + 1_000 },
        ])
        let expired = try await service.get("/v1/models", fields: Self.bearer("drv-old"))
        let unknown = try await service.get("/v1/models", fields: Self.bearer("drv-nobody"))
        #expect(expired.head.status == .unauthorized && expired.body == unknown.body)
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-young")).head.status == .ok)
    }

    @Test func `A10 wrong keys are slowed down, right ones and none are not`() async throws {
        let service = try TestService(keys: [Self.key("alice")])
        for _ in 0..<FailureLog.limit {
            #expect(try await service.get("/v1/models", fields: Self.bearer("wrong")).head.status == .unauthorized)
        }
        let slow = try await service.get("/v1/models", fields: Self.bearer("wrong"))
        #expect(slow.head.status == .tooManyRequests && slow.head.headerFields[.retryAfter] != nil)
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-alice")).head.status == .ok)
        #expect(try await service.get("/v1/models").head.status == .unauthorized)
    }

    @Test func `routes can be opened, and metrics are the admin's`() async throws {
        let keys = [Self.key("alice"), Self.key("admin") { $0.isAdmin = true }]
        let service = try TestService(keys: keys)
        #expect(try await service.get("/metrics", fields: Self.bearer("drv-alice")).head.status == .forbidden)
        #expect(try await service.get("/metrics", fields: Self.bearer("drv-admin")).head.status == .ok)
        let open = try TestService(keys: keys, openRoutes: ["/metrics", "/health"])
        for fields in [HTTPFields(), Self.bearer("wrong"), Self.bearer("drv-alice")] {
            #expect(try await open.get("/metrics", fields: fields).head.status == .ok)
            #expect(try await open.get("/health/", fields: fields).head.status == .ok)
        }
        #expect(try await open.get("/v1/health").head.status == .unauthorized)
    }

    @Test func `A11 other keys count from the next request on`() async throws {
        let service = try TestService(keys: [Self.key("alice")])
        service.access.replace(KeyRing([Self.key("bob")]))
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-alice")).head.status == .unauthorized)
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-bob")).head.status == .ok)
    }

    @Test func `a model that a key may not use is hidden and refused`() async throws {
        let service = try TestService(keys: [
            Self.key("alice") { $0.models = ["other"] }, Self.key("bob") { $0.models = ["oracle"] },
        ])
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-alice")).json["data"] == .array([]))
        #expect(try await service.get("/v1/models/oracle", fields: Self.bearer("drv-alice")).head.status == .notFound)
        let refusal = try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-alice"))
        #expect(refusal.head.status == .forbidden)
        #expect(try Self.code(refusal) == "model_not_found")
        let others = [
            ("/tokenize", #"{"content": "a"}"#), ("/detokenize", #"{"tokens": [65]}"#),
            ("/apply-template", #"{"messages": [{"role": "user", "content": "a"}]}"#),
            ("/v1/score", #"{"prompt": "a", "continuations": ["b"]}"#),
            ("/v1/classify", #"{"prompt": "a", "labels": ["b"]}"#),
        ]
        for (path, body) in others {
            let refusal = try await service.post(path, body, fields: Self.bearer("drv-alice"))
            #expect(refusal.head.status == .forbidden, "\(path)")
            #expect(try await service.post(path, body, fields: Self.bearer("drv-bob")).head.status == .ok, "\(path)")
        }
        #expect(try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-bob")).head.status == .ok)
    }

    @Test func `a key asks for a better priority only where it may`() async throws {
        let service = try TestService(keys: [
            Self.key("batch") {
                $0.priority = 100
                $0.mayRaisePriority = false
            }, Self.key("free") { $0.priority = 100 },
        ])
        let body = { (priority: String) in Self.body.replacing("}", with: ", \"priority\": \(priority)}") }
        let refusal = try await service.post(
            "/v1/completions", body(#""interactive""#), fields: Self.bearer("drv-batch"))
        #expect(refusal.head.status == .forbidden)
        #expect(try Self.code(refusal) == "priority_not_allowed")
        for (name, priority) in [("batch", "100"), ("batch", "200"), ("batch", "null"), ("free", "0")] {
            let answer = try await service.post("/v1/completions", body(priority), fields: Self.bearer("drv-\(name)"))
            #expect(answer.head.status == .ok)
        }
    }

    @Test func `limits refuse and say what is left`() async throws {
        let service = try TestService(keys: [
            Self.key("alice") { $0.limits = KeyLimits(requestsPerMinute: 2, tokensPerMinute: 6_000) },
            Self.key("bob") { $0.limits = KeyLimits(tokensPerDay: 10) },
        ])
        let field = { (name: String, answer: TestService.Answer) in
            HTTPField.Name("x-ratelimit-\(name)").flatMap { answer.head.headerFields[$0] }
        }
        let first = try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-alice"))
        #expect(first.head.status == .ok)
        #expect(field("limit-requests", first) == "2" && field("remaining-requests", first) == "1")
        #expect(field("limit-tokens", first) == "6000" && field("reset-tokens", first)?.hasSuffix("s") == true)
        _ = try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-alice"))
        let refused = try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-alice"))
        #expect(refused.head.status == .tooManyRequests && field("remaining-requests", refused) == "0")
        #expect(try Self.code(refused) == "rate_limit_exceeded")
        let wait = try #require(Int(refused.head.headerFields[.retryAfter] ?? ""))
        #expect((1...30).contains(wait))

        #expect(try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-bob")).head.status == .ok)
        let spent = try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-bob"))
        #expect(spent.head.status == .tooManyRequests)
        #expect(try Self.code(spent) == "insufficient_quota")
        // Models and health are not what the limits are about.
        #expect(try await service.get("/v1/models", fields: Self.bearer("drv-alice")).head.status == .ok)
    }

    @Test func `a request that was refused or has ended is not open any more`() async throws {
        let service = try TestService(keys: [Self.key("alice") { $0.limits = KeyLimits(requests: 1) }])
        for body in [
            Self.body, #"{"prompt": [1], "max_tokens": 0}"#, Self.body,
            Self.body.replacing("}", with: #", "stream": true}"#), Self.body,
        ] {
            let answer = try await service.post("/v1/completions", body, fields: Self.bearer("drv-alice"))
            #expect(answer.head.status != .tooManyRequests)
        }
    }

    @Test func `A9 usage is counted by key`() async throws {
        let service = try TestService(keys: [Self.key("alice"), Self.key("admin") { $0.isAdmin = true }])
        _ = try await service.post("/v1/completions", Self.body, fields: Self.bearer("drv-alice"))
        let twice = Self.body.replacing("}", with: #", "n": 2, "stream": true}"#)
        _ = try await service.post("/v1/completions", twice, fields: Self.bearer("drv-alice"))
        let several = Self.body.replacing("[1, 2, 3]", with: "[[1, 2, 3], [4, 5]]")
        _ = try await service.post("/v1/completions", several, fields: Self.bearer("drv-alice"))
        let metrics = try await service.get("/metrics", fields: Self.bearer("drv-admin")).body
        let page = String(decoding: metrics, as: UTF8.self)
        for (name, value) in [("requests", 3), ("prompt_tokens", 11), ("generation_tokens", 20), ("cached_tokens", 0)] {
            #expect(page.contains("drover_key_\(name)_total{key=\"alice\"} \(value)\n"), "\(name)")
        }
        #expect(!page.contains("drv-alice"))
    }

    @Test func `J42 no key finds what another has computed, unless both say so`() async throws {
        let service = try TestService(keys: [
            Self.key("alice"), Self.key("bob"), Self.key("carol") { $0.sharesCache = true },
            Self.key("dave") { $0.sharesCache = true },
        ])
        let tokens = (0..<130).map { "\($0 % 50 + 1)" }.joined(separator: ", ")
        let cached = { (name: String, salt: String) in
            let body =
                #"{"prompt": [\#(tokens)], "max_tokens": 1\#(salt.isEmpty ? "" : #", "cache_salt": "\#(salt)""#)}"#
            let answer = try await service.post("/v1/completions", body, fields: Self.bearer("drv-\(name)"))
            return try answer.json["usage"]?.object?["prompt_tokens_details"]?.object?["cached_tokens"]?.integer
        }
        let expected: [(String, String, Int64)] = [
            ("alice", "", 0), ("alice", "", 128), ("bob", "", 0), ("bob", "alice/", 0), ("carol", "", 0),
            ("dave", "", 128), ("dave", "alice/", 0), ("carol", "alice/", 128), ("alice", "", 128),
        ]
        for (name, salt, count) in expected { #expect(try await cached(name, salt) == count, "\(name) \(salt)") }
    }

    @Test func `A14 a key sees and ends its own requests only, an admin all`() async throws {
        let keys = [Self.key("alice"), Self.key("bob"), Self.key("admin") { $0.isAdmin = true }]
        let service = try TestService(contextLength: 4_096, keys: keys)
        let body = #"{"prompt": "The quick", "ignore_eos": true, "max_tokens": 4000}"#
        let list = { (name: String) in
            try await service.get("/v1/requests", fields: Self.bearer("drv-\(name)")).json["data"]?.array ?? []
        }
        async let answer = service.post("/v1/completions", body, fields: Self.bearer("drv-alice"))
        while try await list("alice").isEmpty { await Task.yield() }
        #expect(try await list("bob").isEmpty)
        let id = try #require(try await list("admin").first?.object?["id"]?.string)
        let refused = try await service.delete("/v1/requests/\(id)", fields: Self.bearer("drv-bob"))
        #expect(refused.head.status == .notFound)
        let ended = try await service.delete("/v1/requests/\(id)", fields: Self.bearer("drv-admin"))
        #expect(ended.head.status == .ok)
        #expect(try await answer.head.status.code == 499)
    }
}
