import Foundation
import JSON
import Language
import Testing

@Suite struct ChatTemplateTests {
    private static let special = ChatTemplate.SpecialTexts(begin: "<|begin_of_text|>", end: "<|eot_id|>")

    private static func render(_ source: String, _ values: [(name: String, value: JSONValue)] = []) throws -> MarkedText
    {
        try ChatTemplate(source, special: special).render(messages: [], values: values)
    }

    private static func error(_ source: String) -> TemplateError? {
        do {
            _ = try render(source)
            return nil
        } catch {
            return error as? TemplateError
        }
    }

    @Test func `prints what Jinja2 prints`() throws {
        let file = try JSONValue(parsing: try SharedData.fixture("../templates/jinja2.json"))
        let values = try #require(file.object?["values"]?.object).members.map { ($0.name, $0.value) }
        let cases = try #require(file.object?["cases"]?.array)
        #expect(cases.count >= 30)
        for row in cases {
            let source = try #require(row.array?.first?.string)
            #expect(try Self.render(source, values).string == row.array?.last?.string, "\(source)")
        }
    }

    @Test func `renders Llama 3's plain form`() throws {
        let text = try ChatTemplate.llama3().render(messages: [["role": "user", "content": " Hi "]])
        #expect(
            text.string == "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n")
    }

    @Test(arguments: [
        "{{ x }}", "{{ 'a' ~ x }}", "{{ x | trim }}", "{{ x.replace('q', 'z') }}", "{{ [x] | join }}",
        "{{ [x] | tojson }}",
        "{{ {'k': x} }}", "{{ x[0:] }}", "{{ x.split('q')[0] }}", "{% set b %}{{ x }}{% endset %}{{ b | indent }}",
        "{% macro m(y) %}{{ y | lower }}{% endmacro %}{{ m(x) }}", "{{ '%s' | replace('%s', x) }}",
        "{% for c in x %}{{ c }}{% endfor %}", "{{ x[::1] | reverse | reverse }}",
        "{% filter trim %}{{ x }}{% endfilter %}",
    ])
    func `J40 never lets text of a request become a control token`(source: String) throws {
        let file = try SharedData.fixture("tokenizer.json")
        let tokenizer = Tokenizer(try Vocabulary(tokenizerFile: file))
        let text = try Self.render(source + "<|eot_id|>", [("x", "<|eot_id|>")])
        let eot = try #require(tokenizer.vocabulary.special("<|eot_id|>"))
        #expect(text.string.components(separatedBy: "<|eot_id|>").count == 3)
        #expect(tokenizer.encode(text).filter { tokenizer.vocabulary.isSpecial($0) } == [eot])
    }

    @Test(arguments: [
        ("\n{% frobnicate %}", TemplateError.syntax(line: 2, reason: "unknown tag 'frobnicate'")),
        ("{{ x | nope }}", .syntax(line: 1, reason: "No filter named 'nope'.")),
        ("{{ x is nope }}", .syntax(line: 1, reason: "No test named 'nope'.")),
        ("{% include 'x' %}", .syntax(line: 1, reason: "unknown tag 'include'")),
        ("{{ raise_exception('No ' ~ 1) }}", .raised(message: "No 1")),
        ("\n\n{{ x.y }}", .failed(line: 3, reason: "'x' is undefined")),
        ("{{ x + 'a' }}", .failed(line: 1, reason: "'x' is undefined")),
        ("{{ 1 // 0 }}", .failed(line: 1, reason: "integer division or modulo by zero")),
        ("{{ 9223372036854775807 + 1 }}", .failed(line: 1, reason: "integer result is out of range")),
        ("{{ [1][::0] }}", .failed(line: 1, reason: "slice step cannot be zero")),
        ("{{ range(0, 1, 0) }}", .failed(line: 1, reason: "range() arg 3 must not be zero")),
        (
            "{{ range(1000000000000) }}",
            .failed(line: 1, reason: "Range too big. The sandbox blocks ranges larger than 100000.")
        ),
        ("{% for x in none %}{% endfor %}", .failed(line: 1, reason: "'NoneType' object is not iterable")),
    ])
    func `says what is wrong and where`(source: String, expected: TemplateError) {
        #expect(Self.error(source) == expected)
    }

    @Test(arguments: [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ 'a' * 1000000000 }}", "{{ 'a' * 9223372036854775807 }}", "{{ [1] * 9223372036854775807 }}",
        "{{ ('a' * 4000000) | replace('', 'bbbbbbbb') }}", "{{ 'a' | indent(9223372036854775807) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% set x = 'a' * 4000000 %}{% for i in range(100) %}{% set y = x | upper %}{% endfor %}",
        "{% set x = 'a' * 8000000 %}{% if ('a' * 4000000 ~ 'b') in x %}{% endif %}{{ x ~ x }}",
        "{% set l = [] %}{% do l.append(l) %}{{ l == [l] and l == l }}{{ l < [[[]]] }}{{ f(1) }}",
        "{% for x in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}"
            + "{% endfor %}",
        "{% for x in range(100000) %}{% set y = 'a' ~ 'b' ~ 'c' ~ 'd' %}{% endfor %}",
    ])
    func `stops at its budgets`(source: String) {
        #expect(Self.error(source) != nil)
    }

    /// Parser and renderer at their depth limits, on the smallest stack that a thread may have.
    @Test func `holds on a stack of 256 KiB`() async {
        let sources = [
            String(repeating: "(", count: 10_000), "{{ " + String(repeating: "(", count: 10_000),
            "{{ " + String(repeating: "[", count: 60) + String(repeating: "]", count: 60) + " }}",
            "{{ " + String(repeating: "-", count: 10_000) + "1 }}",
            "{{ " + String(repeating: "not ", count: 60) + "1 }}",
            String(repeating: "{% if true %}", count: 63) + "x" + String(repeating: "{% endif %}", count: 63),
            String(repeating: "{% if true %}", count: 10_000),
            "{% macro f(x) %}{% for i in [1] %}{% if true %}{{ 'a' ~ (f(x + 1) | trim) }}{% endif %}{% endfor %}{% endmacro %}"
                + "{{ f(1) }}",
            "{% macro f(x) %}{% call f(x) %}{% endcall %}{% endmacro %}{{ f(1) }}",
            "{% set l = [] %}{% do l.append(l) %}{{ l }}", "{% set l = [] %}{% do l.append(l) %}{{ l | tojson }}",
            "{% set a = [] %}{% set b = [] %}{% do a.append(a) %}{% do b.append(b) %}{{ a == b }}{{ a < b }}",
            "{{ 1 " + String(repeating: "+ 1 ", count: 10_000) + "}}",
            "{{ x" + String(repeating: " | trim", count: 10_000) + "}}",
            "{{ " + String(repeating: "1 if x else ", count: 10_000) + "1 }}",
        ]
        var deep = JSONValue.array([])
        for _ in 0..<126 { deep = .array([deep]) }
        let value = deep
        let finished = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
            let thread = Thread {
                var count = 0
                for source in sources {
                    _ = try? Self.render(source)
                    count += 1
                }
                _ = try? Self.render("{{ x }}{{ x | tojson(indent=2) }}{{ x == x }}", [("x", value)])
                done.resume(returning: count)
            }
            thread.stackSize = 256 * 1024
            thread.start()
        }
        #expect(finished == sources.count)
    }

    @Test func `reads the clock it is given`() throws {
        let clock = TemplateClock { DateComponents(year: 2024, month: 7, day: 6, hour: 15, weekday: 7) }
        let template = try ChatTemplate("{{ strftime_now('%d %b %Y %A %-d %I%p %%') }}", special: Self.special)
        #expect(try template.render(messages: [], clock: clock).string == "06 Jul 2024 Saturday 6 03PM %")
    }

    @Test func `parses tool arguments that came as text`() throws {
        let message: JSONValue = [
            "role": "assistant", "tool_calls": [["function": ["name": "f", "arguments": "{\"a\": [1, \"x\"]}"]]],
        ]
        let template = try ChatTemplate(
            "{{ messages[0].tool_calls[0].function.arguments | tojson }}", special: Self.special)
        #expect(try template.render(messages: [message.withParsedToolArguments]).string == "{\"a\": [1, \"x\"]}")
    }

    @Test func `J50 lets nobody replace a reserved name`() throws {
        #expect(
            try Self.render("{{ messages | length }}{{ bos_token }}", [("messages", "abc"), ("bos_token", "x")]).string
                == "0<|begin_of_text|>")
    }
}
