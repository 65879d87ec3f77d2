import OpenAI
import Service
import Testing

struct AnswerExtractorTests {
    private func answer(_ extraction: AnswerExtraction, _ text: String) throws -> String? {
        try AnswerExtractor(extraction, param: "scorers[0].regex").answer(in: text)
    }

    @Test(arguments: [
        ("It is 47 + 35 = 82.", "82"), ("so -3", "-3"), ("5-3", "3"), ("x-3", "3"), ("$1,234.50 in all", "1234.5"),
        ("007", "7"), ("-0", "0"), ("3.0", "3"), (".5", "5"), ("1, 2, 3", "3"), ("none", nil), ("", nil),
        (String(repeating: "9", count: 400), String(repeating: "9", count: 400)),
    ])
    func `the last number is one spelling of it`(text: String, number: String?) throws {
        #expect(try answer(.lastNumber, text) == number)
    }

    @Test(arguments: [
        (#"\boxed{4} and \boxed{\frac{1}{2}}"#, #"\frac{1}{2}"#), (#"\boxed{ 1,000 }"#, "1000"),
        (#"\boxed{never ends"#, nil), (#"\boxed{}"#, ""), ("boxed", nil),
    ])
    func `the last box holds the answer`(text: String, inside: String?) throws {
        #expect(try answer(.boxed, text) == inside)
    }

    @Test(arguments: [
        (#"answer is (\d+)"#, "the answer is 41, no, the answer is 42!", "42"), (#"#### (.*)"#, "#### Yes \n", "yes"),
        (#"(-?\d+)"#, "12 and -34", "-34"), (#"\*\*([A-D])\*\*"#, "**B** or **C**", "c"),
        (#"\((\w)\)"#, "(a) (b)", "b"),
        (#"(?:so|thus) ([^.]*)\."#, "so  The\n End.", "the end"), (#"x(\d+)y"#, "x1 x2", nil),
        ("(a|b)c", "acbc", "b"),
        ("é(.)", "éü", "ü"), ("^(.)", "abc", "a"), ("(.)$", "abc", "c"), ("^(b)", "ab", nil), ("[$^](.)", "$a", "a"),
    ])
    func `a group holds the answer of the last match`(regex: String, text: String, group: String?) throws {
        #expect(try answer(.regex(regex), text) == group)
    }

    @Test(arguments: [
        "abc", "(a)(b)", "((a))", "(a)|b", "(a", "(?:(a))", "a)", #"(\1)"#, "(?=a)", "(a)**", "(^a)", "a^(b)", "(a$)",
        "$(a)",
    ])
    func `a pattern without exactly one group at its top is refused`(regex: String) {
        #expect(throws: APIError.self) { try answer(.regex(regex), "a") }
    }

    /// With one that goes back over the text this would take longer than anybody waits.
    @Test func `no pattern takes forever`() throws {
        #expect(try answer(.regex("(?:a*)*(a*)b"), String(repeating: "a", count: 20_000)) == nil)
    }
}
