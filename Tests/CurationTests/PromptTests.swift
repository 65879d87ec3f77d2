import Curation
import Foundation
import JSON
import Testing

struct PromptTests {
    private func prompts(_ text: String, folder: String = "/recipes", seed: UInt64 = 1) throws -> [Prompt] {
        try Recipe(text: "prompts: \(text)", path: "\(folder)/r.yaml", rubrics: []).sources[0].prompts(seed: seed)
    }

    @Test func `a matrix has each combination once, the last value turning fastest`() throws {
        let prompts = try prompts("{ template: '{a}{b}{c}', values: { a: [x, y], b: { from: 1, to: 3 } } }")
        #expect(prompts.map(\.question) == ["x1{c}", "x2{c}", "x3{c}", "y1{c}", "y2{c}", "y3{c}"])
        #expect(prompts[4].fields == ["a": "y", "b": 2])
        #expect(Set(prompts.map(\.key)).count == 6)
    }

    @Test func `values are not looked at for names`() throws {
        let prompts = try prompts("{ template: '{a} {b}', values: { a: ['{b}'], b: ['{a}'] } }")
        #expect(prompts.map(\.question) == ["{b} {a}"])
    }

    @Test func `a reference keeps numbers`() throws {
        let prompts = try prompts(
            "{ template: '{n} {w}', values: { n: [7], w: [x] }, reference: { n: '{n}', list: ['{w}', 'a {n}'] } }")
        #expect(prompts[0].fields["reference"] == ["n": 7, "list": ["x", "a 7"]])
    }

    @Test func `a limit draws with the seed`() throws {
        let text = "{ template: '{a} {b}', values: { a: { from: 1, to: 1000 }, b: { from: 1, to: 1000 } }, limit: 50 }"
        let first = try prompts(text)
        #expect(first.count == 50 && Set(first.map(\.key)).count == 50)
        #expect(try prompts(text) == first)
        #expect(try prompts(text, seed: 2) != first)
    }

    @Test func `a file has prompts or messages on its lines`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "p.jsonl",
            """
            {"prompt": "Hi", "answer": 7}

            {"messages": [{"role": "user", "content": "Ho"}], "tools": [{"type": "function"}]}
            """)
        let prompts = try prompts("{ file: p.jsonl, system: Be brief. }", folder: folder.path)
        #expect(prompts.map(\.question) == ["Hi", "Ho"])
        #expect(prompts[0].fields == ["answer": 7])
        #expect(prompts[1].tools != nil)
        #expect(prompts.allSatisfy { $0.messages.first?.object?["role"] == "system" })
    }

    @Test(arguments: [
        ("{\"prompt\": 3}", "p.jsonl:2: needs 'prompt'"), ("[]", "p.jsonl:2: must be an object, not an array"),
        ("{", "p.jsonl:2: "), ("{\"prompt\": \"a\", \"messages\": []}", "p.jsonl:2: needs"),
        ("{\"messages\": [3]}", "'messages' must be a list of messages"),
        ("{\"prompt\": \"a\", \"tools\": []}", "'tools' must be a list with a tool"),
    ])
    func `a wrong line is named`(_ line: String, _ expected: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("p.jsonl", "{\"prompt\": \"a\"}\n\(line)\n")
        let error = #expect(throws: RecipeError.self) { try prompts("{ file: p.jsonl }", folder: folder.path) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func `a list has each prompt once`() {
        var list = PromptList()
        list.append([Prompt(text: "a"), Prompt(text: "b"), Prompt(text: "a")])
        list.append([Prompt(text: "b"), Prompt(text: "b", fields: ["x": 1])])
        #expect(list.prompts.count == 3 && list.repeated == 2)
    }
}
