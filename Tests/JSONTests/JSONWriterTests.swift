import JSON
import Testing

struct JSONWriterTests {
    @Test func `what is written reads back the same`() throws {
        let value: JSONValue = [
            "text": "\"\\\n\r\t\u{0}\u{7F}\u{2028}é😀", "numbers": [0, -1, 1.5, 1e300, 1e-7],
            "flags": [true, false, nil],
            "empty": [[], .object(JSONObject())],
        ]
        #expect(try JSONValue(parsing: value.serialized) == value)
    }

    @Test func `line separators never appear raw`() {
        let text = String(decoding: JSONValue.string("a\u{2028}b\rc").serialized, as: UTF8.self)
        #expect(text == "\"a\\u2028b\\rc\"")
    }

    @Test func `members keep their order`() {
        let value: JSONValue = ["z": 1, "a": 2, "m": 3]
        #expect(String(decoding: value.serialized, as: UTF8.self) == "{\"z\":1,\"a\":2,\"m\":3}")
    }

    @Test func `a removed member is gone and the rest are still found`() {
        var object = JSONObject((0..<12).map { ("k\($0)", .integer(Int64($0))) })
        object["k0"] = nil
        #expect(object["k0"] == nil)
        #expect(object["k11"] == 11)
        #expect(object.count == 11)
    }
}
