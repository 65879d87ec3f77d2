import HTTP
import Testing

struct EventStreamParserTests {
    @Test(arguments: 1...20)
    func `finds the data of events however they are cut`(piece: Int) {
        let text = Array("data: one\n\n: ping\n\nevent: x\r\ndata:two\r\ndata: three\r\n\r\ndata: é\n\ndata: rest".utf8)
        var parser = EventStreamParser()
        var events: [String] = []
        for start in stride(from: 0, to: text.count, by: piece) {
            for event in parser.push(Array(text[start..<min(start + piece, text.count)])) {
                events.append(String(decoding: event, as: UTF8.self))
            }
        }
        #expect(events == ["one", "two\nthree", "é"])
    }
}
