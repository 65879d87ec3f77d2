import Logging
import Telemetry
import Testing

struct LogLineTests {
    private func event(_ message: String) -> LogEvent {
        LogEvent(level: .info, message: "\(message)", metadata: nil, source: "", file: "", function: "", line: 0)
    }

    private func text(_ fields: Logger.Metadata, _ message: String = "request") -> String {
        String(decoding: LogLine.text(event(message), label: "drover", fields: fields).bytes, as: UTF8.self)
    }

    private func json(_ fields: Logger.Metadata, _ message: String = "request") -> String {
        let line = LogLine.json(event(message), label: "drover", fields: fields, seconds: 1_764_097_353.25)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    @Test func `fields come in the order of their names`() {
        #expect(text(["b": "2", "a": .stringConvertible(1.5)]) == "info drover: request a=1.5 b=2\n")
    }

    @Test func `values that could be taken for more than one are quoted`() {
        #expect(text(["a": "x y", "b": "", "c": "k=v"]) == "info drover: request a=\"x y\" b=\"\" c=\"k=v\"\n")
        #expect(text(["a": "\"\\"]) == "info drover: request a=\"\\\"\\\\\"\n")
    }

    @Test(arguments: ["\n", "\r", "\u{0}", "\u{1B}[2J", "\u{85}", "\u{2028}", "\u{202E}", "\u{2067}"])
    func `O22 whatever a value or a message holds, the line stays one`(mark: String) throws {
        let scalar = try #require(mark.unicodeScalars.first)
        for line in [text(["k": "a\(mark)b"], "a\(mark)b"), json(["k": "a\(mark)b"], "a\(mark)b")] {
            #expect(!line.unicodeScalars.dropLast().contains(scalar))
            #expect(line.hasSuffix("\n"))
        }
    }

    @Test func `JSON keeps numbers, escapes texts, and has the time`() {
        let line = json(
            ["count": .stringConvertible(3), "rate": .stringConvertible(0.5), "id": "x\"\\\n", "time": "no"], "a \"b\"")
        #expect(
            line == #"{"time":"2025-11-25T19:02:33.250Z","level":"info","logger":"drover","message":"a \"b\"","#
                + #""count":3,"id":"x\"\\\n","rate":0.5}"# + "\n")
    }

    @Test func `what JSON has no number for is text`() {
        #expect(json(["a": .stringConvertible(Double.nan)]).contains(#""a":"nan""#))
        #expect(json(["a": .stringConvertible(false)]).contains(#""a":false"#))
    }
}
