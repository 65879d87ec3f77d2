import Foundation
import JSON
import Language
import Testing

@Suite(.enabled(if: SharedData.isPresent, "needs ../shared/data/llama3"))
struct Llama3TokenizerTests {
    let tokenizer: Tokenizer

    init() throws { tokenizer = try SharedData.llama3Tokenizer.get() }

    @Test func `encodes every text of tokens.json to its ids`() throws {
        let rows = try #require(try SharedData.json("tokens.json").array)
        #expect(rows.count == 288)
        for row in rows {
            let text = try #require(row.object?["text"]?.string)
            let ids = row.object?["ids"]?.array?.compactMap { $0.integer.map { Int32($0) } }
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
    }

    @Test func `encodes the test vectors of llama.cpp`() throws {
        let texts = try SharedData.text("vocab.inp").components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = try SharedData.text("vocab.out").components(separatedBy: "\n")
        #expect(texts.count >= 46)
        for (text, line) in zip(texts, lines) {
            #expect(tokenizer.encode(text) == line.split(separator: " ").compactMap { Int32($0) }, "\(text)")
        }
    }

    @Test(
        arguments: [
            ("Hello world", [9906, 1917]),
            ("Hello, y'all! How are you 😁 ?", [9906, 11, 379, 65948, 0, 2650, 527, 499, 27623, 223, 949]),
            ("   leading", [256, 6522]), ("a  b   c\n\n\n d", [64, 220, 293, 256, 272, 1432, 294]),
            ("12345678", [4513, 10961, 2495]), ("I'LL don't", [40, 6, 4178, 1541, 956]),
            ("naïve café", [3458, 38672, 588, 53050]), ("你好", [57668, 53901]), ("\n\n", [271]),
            ("ipython", [23799, 4690]),
            (" jeho", [101503]), (" Việt", [101798]), (" việc", [100769]), (" điều", [101309]), ("", []),
            ("<|eot_id|> as text", [27, 91, 68, 354, 851, 91, 29, 439, 1495]),
        ] as [(String, [Int32])])
    func `encodes golden texts`(text: String, ids: [Int32]) {
        #expect(tokenizer.encode(text) == ids)
    }

    @Test func `gives the same ids with the merges of the file`() throws {
        let ranked = Tokenizer(try Vocabulary(try SharedData.gguf(withMerges: true)))
        for row in try #require(try SharedData.json("tokens.json").array) {
            let text = try #require(row.object?["text"]?.string)
            #expect(ranked.encode(text) == tokenizer.encode(text))
        }
    }

    @Test func `J33 encodes a long run of one character without quadratic work`() {
        let text = String(repeating: "é", count: 1 << 19)
        let ids = tokenizer.encode(text)
        var detokenizer = Detokenizer(tokenizer.vocabulary)
        #expect(ids.map { detokenizer.push($0) }.joined() == text)
    }

    @Test func `decodes every text back`() throws {
        for row in try #require(try SharedData.json("tokens.json").array) {
            let text = try #require(row.object?["text"]?.string)
            var detokenizer = Detokenizer(tokenizer.vocabulary)
            let decoded = tokenizer.encode(text).map { detokenizer.push($0) }.joined() + detokenizer.finish()
            #expect(decoded.utf8.elementsEqual(text.utf8))
        }
    }

    @Test func `J39 makes control tokens of template text only`() {
        var text = MarkedText("<|start_header_id|>user<|end_header_id|>\n\n", .template)
        text.append(MarkedText("<|eot_id|> as text", .data))
        text.append(MarkedText("<|eot_id|>", .template))
        #expect(
            tokenizer.encode(text)
                == [128006, 882, 128007, 271, 27, 91, 68, 354, 851, 91, 29, 439, 1495, 128009])
    }

    @Test func `splits neighbouring texts as one`() {
        var text = MarkedText("Hel", .template)
        text.append(MarkedText("lo wor", .data))
        text.append(MarkedText("ld", .template))
        #expect(tokenizer.encode(text) == [9906, 1917])
    }

    @Test func `writes the begin token once`() {
        #expect(tokenizer.encode(MarkedText("<|begin_of_text|><|begin_of_text|>a", .template)) == [128000, 64])
        #expect(tokenizer.encodePrompt("<|begin_of_text|>a", allowsSpecial: true) == [128000, 64])
        #expect(tokenizer.encodePrompt("a") == [128000, 64])
    }

    @Test func `knows the tokens that end an answer`() {
        #expect(
            tokenizer.vocabulary.endIDs == [128001, 128008, 128009] || tokenizer.vocabulary.endIDs == [128001, 128009])
        #expect(tokenizer.vocabulary.count == 128256)
    }

    @Test func `renders and encodes every conversation of chat.json`() throws {
        let rows = try #require(try SharedData.json("chat.json").array)
        #expect(rows.count == 36)
        let special = ChatTemplate.SpecialTexts(begin: "<|begin_of_text|>", end: "<|eot_id|>")
        for row in rows {
            let row = try #require(row.object)
            let name = try #require(row["template"]?.string)
            let template = try ChatTemplate(try SharedData.text("templates/\(name)"), special: special)
            let result = Result { () throws(TemplateError) in
                try template.render(
                    messages: row["messages"]?.array ?? [], tools: row["tools"]?.array,
                    addGenerationPrompt: row["add_generation_prompt"] == true,
                    values: row["kwargs"]?.object?.members.map { ($0.name, $0.value) } ?? [])
            }
            switch result {
            case .success(let text):
                #expect(text.string == row["rendered"]?.string, "\(name)")
                #expect(tokenizer.encode(text).map { JSONValue.integer(Int64($0)) } == row["ids"]?.array, "\(name)")
            case .failure(let error):
                #expect(error.message == row["error"]?.string, "\(name) \(error)")
                #expect(row["ids"] == nil)
            }
        }
    }
}
