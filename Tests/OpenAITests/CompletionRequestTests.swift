import JSON
import OpenAI
import Testing

struct CompletionRequestTests {
    private func request(prompt: String) throws -> CompletionRequest {
        try CompletionRequest(JSONValue(parsing: Array("{\"prompt\": \(prompt)}".utf8)))
    }

    @Test(arguments: [
        (#""hi""#, [CompletionRequest.Prompt.text("hi")]), (#"["hi"]"#, [.text("hi")]), ("[1, 2]", [.tokens([1, 2])]),
        ("[[1, 2]]", [.tokens([1, 2])]), (#""""#, [.text("")]),
        (#"["a", [3], "b"]"#, [.text("a"), .tokens([3]), .text("b")]),
    ])
    func `takes texts or ids`(value: String, prompts: [CompletionRequest.Prompt]) throws {
        #expect(try request(prompt: value).prompts == prompts)
    }

    @Test(arguments: [
        ("null", "prompt"), ("[]", "prompt"), ("[1, -1]", "prompt[1]"), ("[1, 2147483648]", "prompt[1]"),
        (#"[1, "a"]"#, "prompt[1]"), (#"["a", 5]"#, "prompt[1]"), ("[[]]", "prompt[0]"), ("5", "prompt"),
    ])
    func `names what is wrong with a prompt`(value: String, param: String) {
        #expect {
            try request(prompt: value)
        } throws: {
            ($0 as? APIError)?.param == param
        }
    }

    @Test func `draws as many samples as it answers unless told to choose`() throws {
        let samples = { (fields: String) throws in
            let request = try CompletionRequest(JSONValue(parsing: Array("{\"prompt\": \"a\"\(fields)}".utf8)))
            return [request.sampling.n, request.bestOf]
        }
        #expect(try samples("") == [1, 1])
        #expect(try samples(#", "n": 3"#) == [3, 3])
        #expect(try samples(#", "n": 3, "best_of": 5"#) == [3, 5])
        #expect(try samples(#", "n": 2, "best_of": 2, "stream": true"#) == [2, 2])
        for fields in [#""n": 3, "best_of": 2"#, #""best_of": 2, "stream": true"#, #""best_of": 129"#] {
            #expect {
                try samples(", " + fields)
            } throws: {
                ($0 as? APIError)?.param == "best_of"
            }
        }
    }

    @Test(arguments: ["timings_per_token", "return_progress"])
    func `takes wishes that only a stream can meet with a stream alone`(field: String) throws {
        let request = { (fields: String) throws in
            try CompletionRequest(JSONValue(parsing: Array("{\"prompt\": \"a\", \(fields)}".utf8))).sampling
        }
        let wish = try request("\"stream\": true, \"\(field)\": true")
        #expect(wish.timesTokens == (field == "timings_per_token") && wish.reportsProgress == !wish.timesTokens)
        #expect(try request("\"\(field)\": false").reportsProgress == false)
        #expect {
            try request("\"\(field)\": true")
        } throws: {
            ($0 as? APIError)?.param == field
        }
    }

    @Test func `takes a priority by name or number`() throws {
        let priority = { (value: String) throws in
            try CompletionRequest(JSONValue(parsing: Array("{\"prompt\": \"a\", \"priority\": \(value)}".utf8)))
                .sampling.priority
        }
        for (value, number) in [("null", nil), (#""interactive""#, 0), (#""batch""#, 100), ("7", 7)] {
            #expect(try priority(value) == number)
        }
        for value in ["-1", "1001", "1.5", #""urgent""#, "true"] {
            #expect {
                try priority(value)
            } throws: {
                ($0 as? APIError)?.param == "priority"
            }
        }
    }

    @Test func `generates sixteen tokens unless told otherwise`() throws {
        #expect(try request(prompt: #""a""#).sampling.maxTokens == 16)
    }
}
