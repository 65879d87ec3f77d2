import HTTPTypes
import JSON
import OpenAI
import Synchronization
import Testing
import Verifiers

/// Passes what it is told to, and remembers what it has seen.
private final class TestVerifier: Verifier {
    let name = "test"
    let seen = Mutex<[JSONObject]>([])
    private let judge: @Sendable (Candidate, _ earlier: Int) -> Verdict

    init(_ judge: @escaping @Sendable (Candidate, _ earlier: Int) -> Verdict) { self.judge = judge }

    func verify(_ candidate: Candidate) async -> Verdict {
        let earlier = seen.withLock { seen in
            seen.append(candidate.json.object ?? [:])
            return seen.count - 1
        }
        return judge(candidate, earlier)
    }
}

/// Passes the first that it sees, and decides about no other.
private struct SlowVerifier: Verifier {
    let name = "test"
    private let turn = Turn()

    private actor Turn {
        private var isTaken = false

        func take() -> Bool {
            defer { isTaken = true }
            return !isTaken
        }
    }

    func verify(_ candidate: Candidate) async -> Verdict {
        if await turn.take() { return Verdict(passed: true) }
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(86_400)) }
        return Verdict(.cancelled)
    }
}

struct BestOfEndpointTests {
    private let prompt: JSONObject = [
        "messages": [["role": "user", "content": "Say something."]], "n": 6, "seed": 7, "max_tokens": 12,
        "temperature": 1.5,
    ]

    private func body(_ more: JSONObject, without fields: [String] = []) -> String {
        var body = prompt
        for field in fields { body[field] = nil }
        for member in more.members { body[member.name] = member.value }
        return String(decoding: JSONValue.object(body).serialized, as: UTF8.self)
    }

    private func candidates(_ answer: JSONObject) -> [JSONObject] {
        answer["candidates"]?.array?.compactMap(\.object) ?? []
    }

    private func text(_ candidate: JSONObject) -> String? {
        candidate["message"]?.object?["content"]?.string ?? candidate["text"]?.string
    }

    // MARK: Candidates

    @Test func `candidates are the samples of a chat, each with the seed that draws it again`() async throws {
        let service = try TestService()
        let answer = try await service.post("/v1/best-of", body([:])).json
        let texts = candidates(answer).map(text)
        let chat = try await service.post("/v1/chat/completions", body([:])).json
        let samples = chat["choices"]?.array?.map { $0.object?["message"]?.object?["content"]?.string } ?? []
        #expect(texts == samples && Set(texts).count > 3)
        for candidate in candidates(answer) {
            let again = try await service.post(
                "/v1/chat/completions", body(["seed": try #require(candidate["seed"]), "n": 1])
            ).json
            let choice = again["choices"]?.array?.first?.object
            #expect(choice?["message"]?.object?["content"]?.string == text(candidate))
        }
        let tokens = candidates(answer).compactMap { $0["tokens"]?.integer }.reduce(0, +)
        #expect(answer["usage"]?.object?["completion_tokens"]?.integer == tokens)
    }

    @Test func `the likeliest is the best where nobody says otherwise`() async throws {
        let answer = try await TestService().post(
            "/v1/best-of", body(["prompt": "Once upon a time"], without: ["messages"])
        ).json
        let all = candidates(answer)
        let logprobs = all.compactMap { $0["mean_logprob"]?.number }
        let best = try #require(answer["best"]?.integer)
        #expect(logprobs.count == 6 && logprobs[Int(best)] == logprobs.max())
        #expect(answer["choices"]?.array?.first?.object?["text"] == all[Int(best)]["text"])
        #expect(all.compactMap { $0["rank"]?.integer }.sorted() == Array(1...6))
        let ranked = zip(all, logprobs).sorted { $0.1 > $1.1 }.map { $0.0["rank"]?.integer }
        #expect(ranked == Array(1...6))
    }

    @Test func `without a seed it tells the one that it took`() async throws {
        let service = try TestService()
        let first = candidates(try await service.post("/v1/best-of", body([:], without: ["seed"])).json)
        let again = candidates(
            try await service.post("/v1/best-of", body(["seed": try #require(first[0]["seed"])])).json)
        #expect(first.map(text) == again.map(text))
    }

    // MARK: Verifiers

    @Test func `what a verifier does not pass is dropped, and no other scorer looks at it`() async throws {
        let verifier = TestVerifier { candidate, _ in Verdict(passed: candidate.completion.utf8.count % 2 == 0) }
        let answer = try await TestService(verifiers: [verifier]).post(
            "/v1/best-of",
            body(["reference": 82, "scorers": [["type": "logprob"], ["type": "verifier", "name": "test"]]])
        ).json
        for candidate in candidates(answer) {
            let passes = (text(candidate) ?? "").utf8.count % 2 == 0
            #expect(candidate["kept"]?.bool == passes && (candidate["rank"]?.integer != nil) == passes)
            let types = candidate["scores"]?.array?.compactMap { $0.object?["type"]?.string }
            #expect(types == (passes ? ["logprob", "verifier"] : ["verifier"]))
            if !passes { #expect(candidate["why"] == "dropped by verifier 'test': did not pass") }
        }
        let seen = verifier.seen.withLock { $0 }
        #expect(seen.count == 6 && seen.allSatisfy { $0["reference"] == 82 && $0["messages"] == prompt["messages"] })
    }

    @Test func `nothing is the best where nothing passes`() async throws {
        let verifier = TestVerifier { _, _ in Verdict(.timedOut) }
        let answer = try await TestService(verifiers: [verifier]).post(
            "/v1/best-of", body(["scorers": [["type": "verifier", "name": "test"]]])
        ).json
        #expect(answer["best"] == .null && answer["choices"] == [])
        let why = candidates(answer).map { $0["why"]?.string }
        #expect(Set(why) == ["dropped by verifier 'test': timed_out: It took longer than it may."])
    }

    /// Without the deadline there would be no answer at all; the candidates need a part of these seconds.
    @Test func `the time of a request ends its verifiers, and the answer says so`() async throws {
        var fields = HTTPFields()
        fields[try #require(HTTPField.Name("x-request-timeout"))] = "5"
        let answer = try await TestService(verifiers: [SlowVerifier()]).post(
            "/v1/best-of", body(["rounds": 3, "scorers": [["type": "verifier", "name": "test"]]]), fields: fields)
        #expect(answer.head.status == .ok)
        let all = candidates(try answer.json)
        #expect(all.count == 6 && all.filter { $0["kept"]?.bool == true }.count == 1)
        let failures = all.compactMap { $0["scores"]?.array?.first?.object?["failure"]?.string }
        #expect(failures == Array(repeating: "deadline", count: 5))
        // No round is begun for them.
        #expect(all.allSatisfy { $0["trail"]?.array?.isEmpty ?? true })
    }

    @Test func `what does not pass is answered again, with the verifier's report`() async throws {
        let service = try TestService(
            verifiers: [TestVerifier { _, earlier in Verdict(passed: earlier % 6 == 0, report: "no \(earlier)") }])
        let fields: JSONObject = [
            "rounds": 2, "correction": "It said {report}, {report}.",
            "scorers": [["type": "verifier", "name": "test"]],
        ]
        let all = candidates(try await service.post("/v1/best-of", body(fields)).json)
        #expect(all.map { $0["trail"]?.array?.count ?? -1 }.sorted().last == 2)
        let failed = try #require(all.first { $0["trail"]?.array?.count == 2 })
        let last = try #require(failed["trail"]?.array?.last?.object)
        let report = try #require(last["verdict"]?.object?["report"]?.string)
        var messages = try #require(prompt["messages"]?.array)
        messages.append(["role": "assistant", "content": .string(try #require(text(last)))])
        messages.append(["role": "user", "content": .string("It said \(report), \(report).")])
        let again = try await service.post(
            "/v1/chat/completions", body(["messages": .array(messages), "n": 1, "seed": try #require(failed["seed"])])
        ).json
        let choice = again["choices"]?.array?.first?.object
        #expect(choice?["message"]?.object?["content"]?.string == text(failed))
    }

    // MARK: Other scorers

    @Test func `a majority counts answers, and a judge has probabilities of all labels`() async throws {
        let scorers: JSONValue = [
            ["type": "majority", "extract": "regex", "regex": "^(.)"],
            ["type": "judge", "rubric": ["instructions": "Is it good?", "labels": ["no", "perhaps", "yes"]]],
        ]
        let service = try TestService(contextLength: 512)
        let answer = try await service.post("/v1/best-of", body(["scorers": scorers])).json
        let all = candidates(answer)
        let counts = Dictionary(grouping: all) { text($0)?.lowercased().first }.mapValues(\.count)
        for candidate in all {
            let scores = candidate["scores"]?.array?.compactMap(\.object) ?? []
            let votes = Int64(counts[text(candidate)?.lowercased().first] ?? 0)
            if text(candidate)?.utf8.first.map({ (0x41...0x7A).contains($0) }) == true {
                #expect(scores[0]["votes"]?.integer == votes)
            }
            let shares = scores[1]["probabilities"]?.object?.members.compactMap(\.value.number) ?? []
            #expect(shares.count == 3 && abs(shares.reduce(0, +) - 1) < 1e-9)
            let value = try #require(scores[1]["score"]?.number)
            #expect(abs(value - (shares[1] / 2 + shares[2])) < 1e-9)
        }
        #expect(answer["scoring_usage"]?.object?["prompt_tokens"]?.integer ?? 0 > 0)
    }

    @Test func `weights decide by their sum, and a least score drops`() async throws {
        let verifier = TestVerifier { candidate, _ in
            Verdict(passed: true, score: Double(candidate.completion.utf8.count % 5) / 4)
        }
        let service = try TestService(verifiers: [verifier])
        let weighted: JSONValue = [
            ["type": "logprob", "weight": 0], ["type": "verifier", "name": "test", "weight": 2, "min": 0.25],
        ]
        let all = candidates(try await service.post("/v1/best-of", body(["scorers": weighted])).json)
        let marks = all.map { Double((text($0) ?? "").utf8.count % 5) / 4 }
        #expect(zip(all, marks).allSatisfy { $0["kept"]?.bool == ($1 >= 0.25) })
        let ranked = zip(all, marks).filter { $0.0["rank"]?.integer != nil }.sorted {
            ($0.0["rank"]?.integer ?? 0) < ($1.0["rank"]?.integer ?? 0)
        }
        #expect(ranked.map(\.1) == ranked.map(\.1).sorted(by: >))
    }

    // MARK: Refusals

    @Test(arguments: [
        (#"{"stream": true}"#, "stream"), (#"{"logprobs": true}"#, "logprobs"), (#"{"n": 129}"#, "n"),
        (#"{"best_of": 2}"#, "best_of"), (#"{"scorers": []}"#, "scorers"), (#"{"scorers": [{}]}"#, "scorers[0].type"),
        (#"{"scorers": [{"type": "reward"}]}"#, "scorers[0].type"),
        (#"{"scorers": [{"type": "verifier"}]}"#, "scorers[0].name"),
        (#"{"scorers": [{"type": "verifier", "name": "x"}]}"#, "scorers[0].name"),
        (#"{"scorers": [{"type": "verifier", "name": "schema", "command": ["sh"]}]}"#, "scorers[0].command"),
        (#"{"scorers": [{"type": "logprob", "rubric": "code"}]}"#, "scorers[0].rubric"),
        (#"{"scorers": [{"type": "judge"}]}"#, "scorers[0].rubric"),
        (#"{"scorers": [{"type": "judge", "rubric": "taste"}]}"#, "scorers[0].rubric"),
        (#"{"scorers": [{"type": "judge", "rubric": "code", "judge": "http://x"}]}"#, "scorers[0].judge"),
        (
            #"{"scorers": [{"type": "judge", "rubric": {"instructions": "x", "labels": ["a"]}}]}"#,
            "scorers[0].rubric.labels"
        ),
        (#"{"scorers": [{"type": "majority", "extract": "regex", "regex": "a"}]}"#, "scorers[0].regex"),
        (#"{"scorers": [{"type": "logprob", "weight": 1}, {"type": "majority"}]}"#, "scorers"),
        (#"{"scorers": [{"type": "logprob", "min": 2}]}"#, "scorers[0].min"),
        (#"{"rounds": 5}"#, "rounds"), (#"{"rounds": 1}"#, "rounds"), (#"{"prompt": "a"}"#, "prompt"),
        (#"{"temprature": 1}"#, "temprature"),
    ])
    func `names what is wrong`(fields: String, param: String) async throws {
        let more = try #require(try JSONValue(parsing: Array(fields.utf8)).object)
        let answer = try await TestService().post("/v1/best-of", body(more))
        #expect(answer.head.status == .badRequest)
        #expect(try answer.json["error"]?.object?["param"]?.string == param)
    }
}
