import Grammar
import JSON
import Testing

struct SchemaCompilerTests {
    private static let cases: [(schema: String, valid: [String], invalid: [String])] = [
        (
            "true", ["1", "null", "[1, \"a\", {\"b\": [true]}]", "{}", "\"\\u00e9\\ud83d\\ude00\"", "-1.5e+10"],
            ["01", "1.", "tru", "\"\\ud83d\"", "\"\n\"", "[1,]", "{\"a\":}", "{a:1}"]
        ),
        (#"{"type": "integer"}"#, ["0", "-12"], ["1.0", "01", "-", "1e3"]),
        (#"{"type": "number"}"#, ["1e07", "-1E289", "1.5e-999"], ["1e290", "1e309", "1e999", "1e1000", "1e"]),
        (
            #"{"type": ["string", "null"], "maxLength": 2}"#, ["\"ab\"", "\"\\n\\\"\"", "\"é😀\"", "null"],
            ["\"abc\"", "1"]
        ),
        (#"{"type": "string", "minLength": 1}"#, ["\"a\"", "\"abc\""], ["\"\""]),
        (#"{"type": "string", "pattern": "^[a-z]+\"$"}"#, ["\"ab\\\"\""], ["\"ab\"", "\"\\\"\""]),
        (
            #"{"enum": ["a", 1, null, {"b": [2]}]}"#, ["\"a\"", "1", "null", "{\"b\": [2]}"],
            ["\"b\"", "2", "{\"b\":[]}"]
        ),
        (#"{"enum": ["a", 1], "type": "string"}"#, ["\"a\""], ["1"]), (#"{"const": "x/é"}"#, ["\"x/é\""], ["\"x\""]),
        (
            #"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}}, "required": ["b"]}"#,
            ["{\"a\": 1, \"b\": true}", "{\"b\":false}", "{\n  \"b\": true\n}"],
            [
                "{}", "{\"a\": 1}", "{\"b\": true, \"a\": 1}", "{\"b\": true, \"c\": 1}", "{\"b\": true,}",
                "{,\"b\": true}",
            ]
        ),
        (
            #"{"type": "object", "properties": {"a": true, "b": true, "c": true}}"#,
            ["{}", "{\"a\":1}", "{\"c\":1}", "{\"a\":1,\"c\":2}", "{\"b\":1,\"c\":2}"],
            ["{\"a\":1\"c\":2}", "{\"d\":1}"]
        ),
        (
            #"{"type": "object", "properties": {"ab": {"type": "null"}}, "additionalProperties": {"type": "integer"}}"#,
            ["{}", "{\"ab\": null, \"abc\": 1, \"a\": 2}", "{\"x\": 1}"],
            ["{\"ab\": 1}", "{\"x\": null}", "{\"x\":1,\"ab\":2}"]
        ),
        (
            #"{"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2}"#,
            ["{\"a\":1}", "{\"a\":1, \"b\":2}"], ["{}", "{\"a\":1,\"b\":2,\"c\":3}"]
        ),
        (
            #"{"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": false}"#,
            ["{}", "{\"x\":1, \"xy\":2}"], ["{\"y\":1}", "{\"x\":null}"]
        ),
        (
            #"{"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}"#,
            ["[1]", "[1, 2,3]"], ["[]", "[1,2,3,4]", "[\"a\"]", "[1 2]"]
        ),
        (
            #"{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false, "minItems": 1}"#,
            ["[1]", "[1, \"a\"]"], ["[]", "[\"a\"]", "[1,\"a\",2]"]
        ),
        (#"{"type": "array", "prefixItems": [{"type": "integer"}]}"#, ["[]", "[1]", "[1, null, {}]"], ["[null]"]),
        (#"{"type": "array", "maxItems": 0}"#, ["[]", "[ ]"], ["[1]"]),
        (#"{"anyOf": [{"type": "integer"}, {"type": "null"}]}"#, ["1", "null"], ["\"1\""]),
        (#"{"oneOf": [{"const": 1}, {"const": 2}], "type": "integer"}"#, ["1", "2"], ["3"]),
        (
            #"{"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": true, "b": true}}"#,
            ["{\"a\":1}", "{\"b\":1}", "{\"a\":1,\"b\":1}"], ["{}"]
        ),
        (
            #"{"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"type": "null"}}}]}"#,
            ["{\"a\":1}", "{\"a\":1, \"b\": null}"], ["{\"b\": null}", "{\"a\":1,\"b\":1}"]
        ),
        (
            #"{"allOf": [{"type": "integer", "minimum": 3}, {"type": "number", "maximum": 5}]}"#, ["3", "5"],
            ["2", "6", "4.5"]
        ),
        (
            ##"{"$defs": {"node": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["v", "next"], "additionalProperties": false}}, "$ref": "#/$defs/node"}"##,
            ["{\"v\":1,\"next\":null}", "{\"v\":1,\"next\":{\"v\":2,\"next\":null}}"],
            ["{\"v\":1}", "{\"v\":1,\"next\":{}}"]
        ),
        (##"{"type": "array", "items": {"$ref": "#"}}"##, ["[]", "[[],[[]]]"], ["[1]", "[[]"]),
        (
            ##"{"$defs": {"a/b": {"const": 1}, "c~": {"const": 2}}, "anyOf": [{"$ref": "#/$defs/a~1b"}, {"$ref": "#/$defs/c~0"}]}"##,
            ["1", "2"], ["3"]
        ),
        (
            ##"{"$ref": "#/$defs/n", "maximum": 2, "$defs": {"n": {"type": "integer", "minimum": 1}}}"##, ["1", "2"],
            ["0", "3"]
        ),
        (
            #"{"type": "string", "format": "date"}"#, ["\"2024-02-29\"", "\"1999-12-31\"", "\"0100-01-01\""],
            ["\"0000-02-29\"", "\"0000-01-01\"", "\"1900-02-29\"", "\"2023-02-29\"", "\"2023-04-31\"", "\"x\""]
        ),
        (
            #"{"type": "string", "format": "date-time"}"#,
            ["\"2024-01-01T23:59:59Z\"", "\"2024-01-01T00:00:00.5+02:00\""], ["\"2024-01-01\""]
        ),
        (#"{"type": "string", "format": "uuid"}"#, ["\"12345678-90ab-cdef-1234-567890ABCDEF\""], ["\"1234\""]),
        (#"{"type": "string", "format": "ipv4"}"#, ["\"192.168.0.255\""], ["\"256.1.1.1\"", "\"1.2.3\""]),
        (
            #"{"type": "string", "format": "ipv6"}"#,
            ["\"::\"", "\"1::\"", "\"::1\"", "\"1:2::7:8\"", "\"1:2:3:4:5:6:7:8\"", "\"1::3:4:5:6:7:8\""],
            ["\":\"", "\"1:2\"", "\"1::2::3\"", "\"1:2:3:4:5:6:7:8:9\""]
        ),
        (
            #"{"type": "string", "format": "email"}"#, ["\"a.b+c@example.org\""],
            ["\"a@b\"", "\"@x.org\"", "\"a..b@x.org\""]
        ),
        (#"{"type": "string", "format": "password"}"#, ["\"any\""], ["1"]),
        (
            #"{"type": "integer", "nullable": true, "title": "N", "description": "d", "x-order": 1}"#, ["1", "null"],
            ["true"]
        ),
        (#"{"type": "integer", "multipleOf": 3, "minimum": -7}"#, ["0", "-6", "3", "12"], ["-9", "4", "3.0"]),
        (
            #"{"type": "number", "multipleOf": 0.25}"#, ["0", "1.25", "-0.5", "0.500", "7.0"],
            ["1.3", "0.125", "1e1", "1."]
        ),
        (
            #"{"type": "string", "pattern": "^[a-z]*\"?$", "minLength": 2, "maxLength": 3}"#,
            ["\"ab\"", "\"abc\"", "\"ab\\\"\""], ["\"a\"", "\"abcd\"", "\"abc\\\"\"", "\"aB\""]
        ),
        (
            #"{"allOf": [{"type": "string", "pattern": "a"}, {"pattern": "b"}, {"format": "hostname"}]}"#,
            ["\"ab\"", "\"b.xa\""], ["\"a\"", "\"b\"", "\"a_b\""]
        ),
        (
            #"{"type": "string", "not": {"enum": ["ab", "b"]}, "maxLength": 2}"#, ["\"a\"", "\"ba\"", "\"\""],
            ["\"ab\"", "\"b\"", "\"abc\""]
        ),
        (
            #"{"type": "object", "properties": {"a": {"not": {"type": ["string", "integer"]}}}}"#,
            ["{\"a\":null}", "{\"a\":1.5}", "{}"], ["{\"a\":\"x\"}", "{\"a\":1}", "{\"a\":1.0}", "{\"b\":1}"]
        ),
        (#"{"type": "integer", "not": {"minimum": 3}}"#, ["2", "-1"], ["3"]),
        (#"{"type": "integer", "not": {"const": 3}, "minimum": 2, "maximum": 4}"#, ["2", "4"], ["3"]),
        (
            #"{"type": "object", "properties": {"a": true, "b": true}, "not": {"required": ["a", "b"]}}"#,
            ["{\"a\":1}", "{\"b\":1}", "{}"], ["{\"a\":1,\"b\":1}", "{\"c\":1}"]
        ),
        (
            #"{"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}]}"#, ["2", "3"],
            ["6", "5"]
        ),
        (
            #"{"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": true, "minItems": 1}"#,
            ["[\"b\"]", "[\"c\", \"a\",\"b\"]"], ["[]", "[\"a\",\"a\"]", "[\"a\",\"b\",\"a\"]", "[\"d\"]"]
        ),
        (
            #"{"type": "object", "properties": {"a": true, "b": true}, "additionalProperties": {"type": "null"}, "minProperties": 2, "maxProperties": 2}"#,
            ["{\"a\":1,\"b\":2}", "{\"b\":1,\"x\":null}", "{\"x\":null,\"y\":null}"],
            ["{}", "{\"a\":1}", "{\"a\":1,\"b\":2,\"x\":null}", "{\"x\":null,\"b\":1}"]
        ),
        (
            #"{"type": "object", "properties": {"xa": {"type": "integer"}}, "patternProperties": {"^x": {"type": "number"}, "z$": true}, "additionalProperties": {"type": "string"}}"#,
            ["{\"xa\":1,\"xb\":1.5,\"az\":null,\"q\":\"\"}", "{\"xz\":1}"],
            ["{\"xa\":1.5}", "{\"xz\":null}", "{\"q\":1}", "{\"xb\":\"\"}"]
        ),
        (
            #"{"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}, "additionalProperties": {"type": "integer"}}"#,
            ["{}", "{\"ab\":1}"], ["{\"abc\":1}", "{\"AB\":1}"]
        ),
        ("{}", ["1", "{}"], ["}"]), (#"{"minLength": 2}"#, ["\"ab\"", "1", "null"], ["\"a\""]),
    ]

    @Test func `a schema's documents`() throws {
        for (schema, valid, invalid) in Self.cases {
            // Which they are; the next test has what they cost, which a sanitizer multiplies.
            let grammar = try Texts.schema(schema, budget: GrammarBudget(time: .seconds(60)))
            for text in valid { #expect(try Texts.contains(grammar, text), "\(schema) should allow \(text)") }
            for text in invalid { #expect(try !Texts.contains(grammar, text), "\(schema) should not allow \(text)") }
        }
    }

    @Test func `schemas are compiled within the usual limit`() throws {
        for (schema, _, _) in Self.cases { _ = try Texts.schema(schema) }
    }

    /// The longest texts of formats whose RFC knows one, and one character more.
    @Test func `formats have a longest text`() throws {
        let (label, atom) = (String(repeating: "a", count: 63), String(repeating: "b", count: 64))
        let parts = { (count: Int, length: Int) in
            Array(repeating: String(repeating: "c", count: length), count: count).joined(separator: ".")
        }
        let cases: [(format: String, longest: [String], longer: [String])] = [
            (
                "hostname", [label, "\(label).\(label)", parts(4, 62), parts(8, 30), parts(16, 14)],
                [label + "a", parts(4, 63), parts(17, 1)]
            ),
            (
                "email", ["\(atom)@\(label).\(label)", "\(parts(2, 31))@\(parts(16, 10))"],
                ["b\(atom)@a.b", "a@\(label)", "a@\(label)a.b", "a@\(parts(4, 63))"]
            ),
            ("time", ["12:00:00.123456789Z"], ["12:00:00.1234567890Z"]),
            (
                "duration", ["P123456789Y123456789M1DT1H1M123456789S", "P1W", "PT1M"],
                ["P1234567890Y", "P1Y1D", "PT1H1S", "P1DT", "P"]
            ),
            ("uri", ["a:" + String(repeating: "x", count: 1000)], ["a:" + String(repeating: "x", count: 1001)]),
        ]
        for (format, longest, longer) in cases {
            let grammar = try Texts.schema("{\"type\": \"string\", \"format\": \"\(format)\"}")
            for text in longest { #expect(try Texts.contains(grammar, "\"\(text)\""), "\(text)") }
            for text in longer { #expect(try !Texts.contains(grammar, "\"\(text)\""), "\(text)") }
        }
    }

    /// However often a schema says them. Counts states; how long it may take is for other tests, and no sanitizer's build.
    @Test func `formats are compiled once`() throws {
        let member = #"{"type": "string", "format": "email"}"#
        func states(_ members: Int) throws -> Int {
            let list = (0..<members).map { "\"a\($0)\": \(member)" }.joined(separator: ",")
            return try Texts.schema("{\"properties\": {\(list)}}", budget: GrammarBudget(time: .seconds(60))).stateCount
        }
        #expect(try states(40) < 2 * states(1))
    }

    private static let bounds: [Double?] = [nil, -12, -10.5, -1, -0.25, 0, 0.5, 1, 7, 9.75, 10, 19, 100]

    /// Every integer and every number of two decimals, from -121 to 121, against every pair of bounds.
    @Test func `numbers between bounds`() throws {
        let numbers = (-12_100...12_100).filter { $0 % 100 == 0 || $0.magnitude < 1_300 }
        for low in Self.bounds {
            for high in Self.bounds where low != nil || high != nil {
                for (lowWord, highWord) in [("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")] {
                    var schema: JSONObject = [:]
                    if let low { schema[lowWord] = .number(low) }
                    if let high { schema[highWord] = .number(high) }
                    let isOpen = lowWord != "minimum"
                    let fits = { (number: Double) in
                        (low.map { isOpen ? number > $0 : number >= $0 } ?? true)
                            && (high.map { isOpen ? number < $0 : number <= $0 } ?? true)
                    }
                    let wholes = numbers.filter { $0 % 100 == 0 }.map { ($0 / 100, "\($0 / 100)") }
                    try check(schema, "integer", wholes.map { (fits(Double($0)), $1) })
                    try check(schema, "number", numbers.map { (fits(Double($0) / 100), Self.decimal($0)) })
                }
            }
        }
    }

    /// Hundredths as text, without zeros at the end.
    private static func decimal(_ hundredths: Int) -> String {
        let (whole, rest) = (Int(hundredths.magnitude) / 100, Int(hundredths.magnitude) % 100)
        let fraction = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
        return (hundredths < 0 ? "-" : "") + "\(whole)" + fraction
    }

    private func check(_ bounds: JSONObject, _ type: String, _ texts: [(fits: Bool, text: String)]) throws {
        var schema = bounds
        schema["type"] = .string(type)
        let grammar: CompiledGrammar
        do {
            grammar = try Texts.compile(try SchemaCompiler.grammar(for: .object(schema)))
        } catch GrammarError.unsatisfiable {
            #expect(!texts.contains { $0.fits }, "\(type) \(bounds)")
            return
        }
        let wrong = try texts.filter { try Texts.contains(grammar, $0.text) != $0.fits }
        #expect(wrong.isEmpty, "\(type) \(bounds.members): \(wrong.prefix(5))")
    }

    @Test(arguments: [
        (#"{"if": {}}"#, "the keyword 'if' at the top of the schema is not supported"),
        (#"{"not": {"items": {"type": "null"}}}"#, "the keyword 'items' at '/not' is not supported"),
        (
            #"{"properties": {"a": {"type": "array", "uniqueItems": true}}}"#,
            "the keyword 'uniqueItems' at '/properties/a' is not supported"
        ),
        (#"{"multipleOf": 0}"#, "a number above 0 expected at '/multipleOf'"),
        (#"{"multipleOf": 1.23456}"#, "too complex: 'multipleOf' with 123456 as digits; 10000 is the limit"),
        (#"{"type": "text"}"#, "not the name of a type at '/type'"),
        ("3", "a schema must be an object or a boolean at the top of the schema"),
        (#"{"properties": {"a": 1}}"#, "a schema must be an object or a boolean at '/properties/a'"),
        (#"{"minItems": -1}"#, "a whole number from 0 expected at '/minItems'"),
        (#"{"minLength": 1e300}"#, "a whole number from 0 expected at '/minLength'"),
        (
            #"{"pattern": "(?=a)"}"#,
            "not a supported pattern: look-around and mode groups are not supported at byte 2 at '/pattern'"
        ),
        (##"{"$ref": "#/$defs/x"}"##, "'#/$defs/x' leads nowhere at '/$ref'"),
        (
            #"{"$ref": "http://a.b/c"}"#,
            "only references into the same document ('#/…') are supported, got 'http://a.b/c' at '/$ref'"
        ),
        (#"{"$ref": 1}"#, "a reference must be a string at '/$ref'"),
        (#"{"anyOf": []}"#, "at least one schema expected at '/anyOf'"),
        (#"{"required": [1]}"#, "an array of strings expected at '/required'"),
    ])
    func `a schema that is none, or more than is enforced, is refused with its place`(schema: String, message: String) {
        #expect { try Texts.schema(schema) } throws: { "\($0)" == message }
    }

    /// Rows G1 to G7 of the reliability reference: what costs too much is refused, and soon.
    @Test func `a schema that costs too much is refused`() throws {
        let nested = (0..<20).reduce("{\"type\": \"null\"}") { inner, _ in
            "{\"oneOf\": [\(inner), {\"anyOf\": [true]}]}"
        }
        _ = try Texts.schema(nested)
        let doubled = (0..<20).map {
            "\"d\($0)\": {\"anyOf\": [{\"$ref\": \"#/$defs/d\($0 + 1)\"}, {\"$ref\": \"#/$defs/d\($0 + 1)\"}]}"
        }
        let shared = try Texts.schema(
            "{\"$defs\": {\(doubled.joined(separator: ", ")), \"d20\": {\"const\": 1}}, \"$ref\": \"#/$defs/d0\"}")
        #expect(try Texts.contains(shared, "1"))
        let circle = ##"{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}, "$ref": "#/$defs/a"}"##
        for (schema, message) in [
            (##"{"$ref": "#"}"##, "no text satisfies it"), (circle, "too complex: references that lead in a circle"),
            (
                #"{"type": "string", "maxLength": 1000000000}"#,
                "too complex: repetitions and alternatives expand to too many parts"
            ),
            (
                #"{"type": "array", "minItems": 1000000000}"#,
                "too complex: repetitions and alternatives expand to too many parts"
            ),
            (#"{"type": "array", "minItems": 3, "maxItems": 2}"#, "no text satisfies it"),
            (#"{"allOf": [{"type": "string"}, {"type": "number"}]}"#, "no text satisfies it"),
            (#"{"enum": []}"#, "no text satisfies it"),
            ("false", "no text satisfies it"),
            (#"{"type": "string", "minLength": 2, "maxLength": 1}"#, "no text satisfies it"),
        ] {
            #expect(throws: (any Error).self) { try Texts.schema(schema) }
            do { _ = try Texts.schema(schema) } catch { #expect("\(error)" == message, "\(schema)") }
        }
        let many = (0..<30_000).map { "\"p\($0)\": {}" }.joined(separator: ",")
        #expect(throws: GrammarError.tooComplex("more than 20000 subschemas")) {
            try Texts.schema("{\"properties\": {\(many)}}")
        }
    }
}
