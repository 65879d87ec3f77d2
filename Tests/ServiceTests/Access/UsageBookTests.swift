import Service
import Testing

struct UsageBookTests {
    private struct DiskFull: Error {}

    private static func usage(_ requests: Int) -> KeyUsage {
        var usage = KeyUsage()
        usage.requests = requests
        return usage
    }

    @Test func `O16 what could not be written is written later, each day once`() throws {
        let book = UsageBook(UsageBook.Day(number: 1))
        var written: [[Int]] = []
        let flush = { (fails: Bool) in
            try book.flush { day in
                if fails { throw DiskFull() }
                written.append([Int(day.number), day.usage["a"]?.requests ?? 0])
            }
        }
        try flush(true)
        book.add(Self.usage(1), of: "a", day: 1)
        #expect(throws: DiskFull.self) { try flush(true) }
        book.add(Self.usage(1), of: "a", day: 2)
        book.add(Self.usage(1), of: "a", day: 2)
        #expect(throws: DiskFull.self) { try flush(true) }
        try flush(false)
        #expect(written == [[1, 1], [2, 2]])
        try flush(false)
        #expect(written.count == 2)
    }
}
