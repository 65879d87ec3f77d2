import Grammar
import Testing

struct GBNFParserTests {
    @Test func `llama.cpp's arithmetic example`() throws {
        let grammar = try Texts.compile(
            try GBNFParser.grammar(
                """
                # numbers and operators
                root  ::= (expr "=" ws term "\\n")+
                expr  ::= term ([-+*/] term)*
                term  ::= ident | num | "(" ws expr ")" ws
                ident ::= [a-z] [a-z0-9_]* ws
                num   ::= [0-9]+ ws
                ws    ::= [ \\t\\n]*
                """))
        for text in ["1+2=3\n", "(a_1 *(2-b)) /4 = x\n", "1=1\n2=2\n"] {
            #expect(try Texts.contains(grammar, text), "\(text)")
        }
        for text in ["", "1+2", "1+=2\n", "(1=2\n", "A=1\n"] { #expect(try !Texts.contains(grammar, text), "\(text)") }
    }

    @Test func `all of the notation`() throws {
        let grammar = try Texts.compile(
            try GBNFParser.grammar(
                "root ::= \"\\x41\\u00e9\\U0001F600\\\"\" | # or\n  [^\\]a-c\\n]{2} | . rest{1,2} (\n \"x\" |\n \"y\" )?\nrest ::= \"é\""
            ))
        for text in ["Aé😀\"", "zz", "qé", "qééx", "\néy"] { #expect(try Texts.contains(grammar, text), "\(text)") }
        for text in ["a]", "zzz", "q", "qééé", "qéxy"] { #expect(try !Texts.contains(grammar, text), "\(text)") }
    }

    @Test func `rules may contain themselves`() throws {
        let grammar = try Texts.compile(try GBNFParser.grammar("root ::= \"(\" root? \")\" root?"))
        for text in ["()", "(())()", "((()())())"] { #expect(try Texts.contains(grammar, text), "\(text)") }
        for text in ["", "(", "())"] { #expect(try !Texts.contains(grammar, text), "\(text)") }
        // A list that recurs on its right needs no more memory for being long.
        let list = try Texts.compile(try GBNFParser.grammar("root ::= \"a\" root | \"b\""))
        #expect(try Texts.contains(list, String(repeating: "a", count: 100_000) + "b"))
    }

    @Test(arguments: [
        ("a ::= \"x\"", "the grammar has no rule 'root' at byte 9"),
        ("root ::= other", "the rule 'other' is not defined at byte 14"),
        ("root ::= \"a", "an unfinished literal or class at byte 11"), ("root = \"a\"", "'::=' expected at byte 5"),
        ("root ::= (\"a\"", "')' expected at byte 13"), ("root ::= \"a\" )", "the end of the line expected at byte 13"),
        ("root ::= \"a\"\nroot ::= \"b\"", "the rule 'root' is defined twice at byte 21"),
        ("root ::= \"a\"{1048576}", "a count above 100000 at byte 18"),
        ("root ::= \"\\q\"", "the escape '\\q' is not known at byte 12"),
        ("root ::= [b-a]", "a range that is none at byte 13"), ("root ::= \"\\ud800\"", "not a code point at byte 16"),
    ])
    func `a grammar that is none is refused with its place`(text: String, message: String) {
        #expect { try GBNFParser.grammar(text) } throws: { "\($0)" == message }
    }

    @Test(arguments: [
        ("root ::= root \"a\" | \"b\"", "the rule 'root' begins with itself"),
        ("root ::= \"x\" a\na ::= b? c\nb ::= \"y\"\nc ::= a \"z\" | \"w\"", "the rule 'a' begins with itself"),
        ("root ::= a \"x\"\na ::= a | \"\"", "the rule 'a' begins with itself"),
        ("root ::= \"a\" root", "no text satisfies it"),
        ("root ::= ((\"a\"{1000}){1000}){1000}", "too complex: repetitions and alternatives expand to too many parts"),
        ("root ::= ([ab]* \"a\" [ab]{30})", "too complex: it needs too many states"),
    ])
    func `a grammar that cannot be used is refused`(text: String, message: String) throws {
        let grammar = try GBNFParser.grammar(text)
        #expect { try Texts.compile(grammar) } throws: { "\($0)" == message }
    }
}
