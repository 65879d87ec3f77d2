import JSON
import Testing
import Verifiers

struct SchemaVerifierTests {
    private let tools: [JSONValue] = [
        [
            "type": "function",
            "function": [
                "name": "weather",
                "parameters": [
                    "type": "object", "required": ["city"],
                    "properties": ["city": ["type": "string"], "days": ["type": "integer", "minimum": 1]],
                ],
            ],
        ]
    ]

    private func verdict(_ name: String, _ arguments: String, reference: JSONValue? = nil) async -> Verdict {
        let call: JSONValue = [
            "id": "1", "type": "function", "function": ["name": .string(name), "arguments": .string(arguments)],
        ]
        return await SchemaVerifier().verify(
            Candidate(completion: "", toolCalls: [call], tools: tools, reference: reference))
    }

    @Test func `arguments fit in any order of their members`() async {
        #expect(await verdict("weather", #"{"city": "Ulm"}"#).passed)
        #expect(await verdict("weather", #"{"days": 3, "city": "Ulm"}"#).passed)
    }

    @Test(arguments: [
        ("weather", #"{"days": 3}"#), ("weather", #"{"city": "Ulm", "days": 0}"#), ("weather", #"{"city": "Ulm""#),
        ("weather", "7"), ("time", "{}"),
    ])
    func `what does not fit is told`(name: String, arguments: String) async {
        let verdict = await verdict(name, arguments)
        #expect(!verdict.passed && verdict.failure == nil && verdict.report.contains("'\(name)'"))
    }

    @Test func `a reference is the call that is wanted`() async {
        let reference: JSONValue = ["name": "weather", "arguments": ["city": "Ulm", "days": 2]]
        #expect(await verdict("weather", #"{"days": 2, "city": "Ulm"}"#, reference: reference).passed)
        #expect(await !verdict("weather", #"{"city": "Ulm"}"#, reference: reference).passed)
    }

    @Test func `text is no call`() async {
        #expect(await !SchemaVerifier().verify(Candidate(completion: "sunny", tools: tools)).passed)
    }
}
