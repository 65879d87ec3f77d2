import Grammar
import Testing

struct RegexParserTests {
    private static let cases: [(pattern: String, matching: [String], other: [String])] = [
        ("", [""], ["a"]), ("abc", ["abc"], ["", "ab", "abcd"]), ("a|b|", ["a", "b", ""], ["ab"]),
        ("(a|bc)*d", ["d", "abcad"], ["abd"]), ("(?:ab)+?", ["ab", "abab"], ["", "aba"]),
        ("(?<year>\\d{4})", ["2024"], ["202", "20245"]), ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaaaa"], ["a"]), ("a{1,3}", ["a", "aaa"], ["", "aaaa"]), ("a{,3}", ["a{,3}"], ["aa"]),
        ("[a-c_-]", ["b", "_", "-"], ["d"]), ("[^a-c]", ["d", "é", "\u{10FFFF}", "\n"], ["a", "dd"]),
        ("[]", [], ["", "a"]), ("[^]", ["a", "€"], [""]), ("[\\d\\]]+", ["1]2"], ["a"]),
        (".", ["x", "😀"], ["\n", ""]), ("\\w+\\s\\W", ["ab_9 !"], ["ab9a"]), ("\\D\\S", ["a!"], ["1a", "a "]),
        ("\\x41\\u0042\\u{1F600}\\ud83d\\ude00", ["AB😀😀"], ["AB😀"]), ("\\.\\*\\n\\t\\/", [".*\n\t/"], ["a*\n\t/"]),
        ("[à-ü]x", ["éx"], ["ax", "ex"]), ("[\u{7FF}-\u{801}]", ["\u{7FF}", "\u{800}", "\u{801}"], ["\u{802}", "a"]),
        ("[\u{FFF0}-\u{10010}]", ["\u{FFFF}", "\u{10000}"], ["\u{FFEF}", "\u{10011}"]),
        ("^ab$|^c", ["ab", "c"], ["a"]), ("(a+)+b", ["aab"], ["aa"]), ("(a|aa)*c", ["aaac"], ["aab"]), ("]", ["]"], []),
    ]

    @Test func `a pattern's language`() throws {
        for (pattern, matching, other) in Self.cases {
            let expression = try RegexParser.expression(pattern)
            if matching.isEmpty, pattern == "[]" {
                #expect(throws: GrammarError.unsatisfiable) { try Texts.compile(Grammar(expression)) }
                continue
            }
            let grammar = try Texts.compile(Grammar(expression))
            for text in matching { #expect(try Texts.contains(grammar, text), "\(pattern) should match \(text)") }
            for text in other { #expect(try !Texts.contains(grammar, text), "\(pattern) should not match \(text)") }
        }
    }

    @Test func `a search finds its pattern anywhere, an anchor fixes it`() throws {
        for (pattern, matching, other) in [
            ("b", ["b", "abc"], ["ac"]), ("^b", ["bc"], ["ab"]), ("b$", ["ab"], ["ba"]), ("^b$", ["b"], ["bb"]),
            ("^a|b$", ["ax", "xb"], ["xa", "bx"]),
        ] {
            let grammar = try Texts.compile(Grammar(try RegexParser.expression(pattern, isSearch: true)))
            for text in matching { #expect(try Texts.contains(grammar, text), "\(pattern) in \(text)") }
            for text in other { #expect(try !Texts.contains(grammar, text), "\(pattern) not in \(text)") }
        }
    }

    @Test func `inside a JSON string characters are escaped`() throws {
        let grammar = try Texts.compile(Grammar(try RegexParser.expression("[^x]{1}", encoding: .jsonString)))
        for text in ["a", "\\\"", "\\\\", "\\n", "\\u0001", "/", "é"] {
            #expect(try Texts.contains(grammar, text), "\(text)")
        }
        for text in ["\"", "\\", "\n", "x", "\u{1}"] { #expect(try !Texts.contains(grammar, text), "\(text)") }
    }

    @Test(arguments: [
        ("(a", "a '(' without its ')' at byte 2"), ("a)", "a ')' without its '(' at byte 1"),
        ("[a", "a '[' without its ']' at byte 2"), ("*a", "a quantifier with nothing before it at byte 0"),
        ("a**", "a quantifier on a quantifier at byte 2"),
        ("a{3,1}", "a count whose end is before its start at byte 6"),
        ("a{100001}", "a count above 100000 at byte 7"),
        ("é(?=a)", "look-around and mode groups are not supported at byte 4"),
        ("(?<!a)", "look-around and mode groups are not supported at byte 3"),
        ("(a)\\1", "the escape '\\1' is not supported at byte 4"),
        ("\\bx", "the escape '\\b' is not supported at byte 1"),
        ("\\p{L}", "the escape '\\p' is not supported at byte 1"), ("a\\", "a backslash at the end at byte 2"),
        ("[z-a]", "a range that is none at byte 4"), ("\\u{110000}", "a code point beyond U+10FFFF at byte 8"),
        ("\\ud800", "half of a surrogate pair at byte 6"),
        ("(a$)", "an anchor inside a group is not supported at byte 2"),
        ("a^b", "'^' is not supported in the middle of a pattern at byte 1"),
        (String(repeating: "(", count: 101), "groups nested deeper than 100 at byte 101"),
    ])
    func `a pattern that is none, or no regular one, is refused with its place`(pattern: String, message: String) {
        #expect { try RegexParser.expression(pattern) } throws: { "\($0)" == message }
    }
}
