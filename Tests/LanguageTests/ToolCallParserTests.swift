import Language
import Testing

@Suite struct ToolCallParserTests {
    private static let names = ["f", "get_weather", "code_interpreter"]

    /// All events, neighbours of a kind joined, when the text comes in these pieces.
    private static func events(_ pieces: [String]) -> [ToolCallParser.Event] {
        var parser = ToolCallParser(tools: names)
        var events: [ToolCallParser.Event] = []
        for event in pieces.flatMap({ parser.push($0) }) + parser.finish() {
            switch (events.last, event) {
            case (.text(let head), .text(let tail)): events[events.count - 1] = .text(head + tail)
            case (.arguments(let head), .arguments(let tail)): events[events.count - 1] = .arguments(head + tail)
            default: events.append(event)
            }
        }
        return events
    }

    private static func call(_ name: String, _ arguments: String) -> [ToolCallParser.Event] {
        [.call(name: name), .arguments(arguments), .end]
    }

    private static let one = call("f", #"{"a": 1}"#)

    private static let texts: [(String, [ToolCallParser.Event])] = [
        (#"{"name": "f", "parameters": {"a": 1}}"#, one), (#"{"name": "f", "arguments": {"a": 1}}"#, one),
        (#" {"type": "function", "name": "f", "parameters": {"a": 1}} "#, one),
        (#"<|python_tag|>{"name": "f", "parameters": {"a": 1}}"#, one),
        ("{\n  \"name\" : \"f\",\n  \"parameters\" : {\"a\": 1}\n}\n", one),
        (
            #"{"name": "f", "parameters": {"a": "};{\""}}; {"name": "get_weather", "parameters": {}}"#,
            call("f", #"{"a": "};{\""}"#) + call("get_weather", "{}")
        ),
        (#"<function=f>{"a": 1}</function>"#, one), (#"<function=f>{"a": 1}"#, one),
        (#"<function=f>{"a": 1}</function><function=f> {"a": 1} </function>"#, one + one),
        (
            "[f(a='é', b=[1, -2.5], c={'d': None, \"e\": True})]",
            call("f", #"{"a":"é","b":[1,-2.5],"c":{"d":null,"e":true}}"#)
        ),
        (
            #"[f(), get_weather(city="it's", note='\'\u00e9\n\d')]"#,
            call("f", "{}") + call("get_weather", #"{"city":"it's","note":"'é\n\\d"}"#)
        ),
        (
            #"<|python_tag|>get_weather.call(query="the (best) one")"#,
            call("get_weather", #"{"query":"the (best) one"}"#)
        ),
        (#"get_weather.call(query="x")"#, call("get_weather", #"{"query":"x"}"#)),
        ("<|python_tag|>print(\"é\")\n[1]", call("code_interpreter", #"{"code": "print(\"é\")\n[1]"}"#)),
        // What is certain stays a call, also where the rest is not as it should be.
        (#"{"name": "f", "parameters": {"a": 1}, "more": [{"b": 2}]}"#, one),
        (#"{"name": "f", "parameters": {"a": 1}} and"#, one + [.text(" and")]),
        (
            #"{"name": "f", "parameters": {"a": 1}}; {"name": "g", "parameters": {}}"#,
            one + [.text(#"; {"name": "g", "parameters": {}}"#)]
        ),
        (#"{"name": "f", "parameters": {"a": tru"#, call("f", #"{"a": tru"#)),
        (#"{"name": "f", "parameters": {"a": 1}"#, one),
    ]

    @Test(arguments: texts)
    func `finds the same calls however the text is cut`(text: String, expected: [ToolCallParser.Event]) {
        let characters = text.unicodeScalars.map { String($0) }
        for cut in 0...characters.count {
            let found = Self.events([characters[..<cut].joined(), characters[cut...].joined()])
            #expect(found == expected, "cut at \(cut)")
        }
        #expect(Self.events(characters) == expected)
    }

    @Test(arguments: [
        "plain", "  two", #"{"name": "g", "parameters": {}}"#, #"{"name": "f"}"#, #"{"name": "f", "parameters": 1}"#,
        #"{"name": "f", "param"#, #"{"parameters": {}, "name": "f"}"#, #"[{"name": "f"}]"#, "{ }", "{1, 2}", "[1, 2]",
        #"{"name": "ff", "parameters": {}}"#, "<function=g>{}</function>", "<b>f</b>", "[f](http://f)", "[f(1)]",
        "[f(a=b)]", "[f(a=1]", "[f(a=1", "[f(a=1, a=2)] and", "f.call(query=1", "f.call", "f", "[f(a='x)]", " \n",
        "[f(a=1.)]", "[f(a=[[1)]",
    ])
    func `leaves other text alone`(text: String) {
        let characters = text.unicodeScalars.map { String($0) }
        #expect(Self.events([text]) == [.text(text)])
        #expect(Self.events(characters) == [.text(text)])
    }

    @Test func `says nothing of a call before it is certain, and all of it from then on`() {
        var parser = ToolCallParser(tools: Self.names)
        #expect(parser.push(#"{"type": "function", "name": "get_weather", "parameters": "#).isEmpty)
        #expect(parser.push("{") == [.call(name: "get_weather"), .arguments("{")])
        #expect(parser.push(#""city": "#) == [.arguments(#""city": "#)])
        #expect(parser.push(#""Rome"}"#) == [.arguments(#""Rome"}"#), .end])
        #expect(parser.push("}").isEmpty && parser.finish().isEmpty && !parser.isOpen)
    }

    @Test func `holds back no text that can be no call`() {
        var parser = ToolCallParser(tools: Self.names)
        #expect(parser.push("get").isEmpty)
        #expect(parser.push(" it") == [.text("get it")])
        #expect(parser.push(#"{"name": "f", "parameters": {"#) == [.text(#"{"name": "f", "parameters": {"#)])
    }

    @Test func `takes no beginning without end`() {
        var parser = ToolCallParser(tools: Self.names)
        var text = ""
        for _ in 0..<5000 where text.isEmpty { if case .text(let said) = parser.push(" ").first { text = said } }
        #expect(text.utf8.count > 4000)
        #expect(parser.push("x") == [.text("x")])
    }

    @Test func `a call without end is open`() {
        for text in [#"{"name": "f", "parameters": {"#, "<|python_tag|>print("] {
            var parser = ToolCallParser(tools: Self.names)
            _ = parser.push(text) + parser.finish()
            #expect(parser.isOpen)
        }
    }

    @Test func `deep literals of Python are text`() {
        let text = "[f(a=" + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + ")]"
        #expect(Self.events([text]) == [.text(text)])
    }
}
