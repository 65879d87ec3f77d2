import Jobs
import Testing

struct LineScannerTests {
    private func lines(_ text: String, limit: Int = 100, pieces: Int) -> [LineScanner.Line] {
        var scanner = LineScanner(limit: limit)
        var lines: [LineScanner.Line] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            scanner.append(Array(bytes[start..<min(start + pieces, bytes.count)]))
            while let line = scanner.next() { lines.append(line) }
        }
        while let line = scanner.next(isLast: true) { lines.append(line) }
        return lines
    }

    @Test func `lines do not depend on how the bytes were cut`() {
        let text = "one\n\n  \r\ntwo\r\n" + String(repeating: "x", count: 40) + "\nlast"
        let whole = lines(text, limit: 20, pieces: text.utf8.count)
        #expect(whole.map(\.number) == [1, 2, 3, 4, 5, 6])
        #expect(whole.map(\.isBlank) == [false, true, true, false, false, false])
        #expect(whole.map { $0.bytes == nil } == [false, false, false, false, true, false])
        let bytes = Array(text.utf8)
        for line in whole where line.bytes != nil {
            #expect(line.bytes == Array(bytes[line.start..<(line.start + line.length)]))
        }
        for pieces in 1...text.utf8.count { #expect(lines(text, limit: 20, pieces: pieces) == whole) }
    }

    @Test func `a line of the limit passes, one byte more does not`() {
        for (count, passes) in [(20, true), (21, false)] {
            let line = String(repeating: "y", count: count)
            for ending in ["", "\n"] {
                #expect(lines(line + ending, limit: 20, pieces: 7).map { $0.bytes != nil } == [passes])
            }
        }
    }
}
