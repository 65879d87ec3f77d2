import Glibc
import Logging
import Telemetry
import Testing

/// O22: a log that nobody reads.
struct LogOutputTests {
    /// Both ends of a pipe or of a pair of sockets, as journald has it; read, then write.
    enum Kind: CaseIterable {
        case pipe, socket

        func open() -> (Int32, Int32) {
            var ends: [Int32] = [0, 0]
            let code =
                switch self {
                case .pipe: Glibc.pipe(&ends)
                case .socket: socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
                }
            precondition(code == 0)
            return (ends[0], ends[1])
        }
    }

    private static func logger(_ output: LogOutput) -> Logger {
        Logger(label: "drover") { LineLogHandler(label: $0, level: .trace, output: output) }
    }

    /// What has been written so far.
    private static func drain(_ descriptor: Int32) -> String {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { text += buffer.prefix(count) }
        return String(decoding: text, as: UTF8.self)
    }

    @Test(arguments: Kind.allCases)
    func `O22 drops what nobody reads, without waiting, and says how much`(_ kind: Kind) throws {
        let (reader, writer) = kind.open()
        defer { _ = (close(reader), close(writer)) }
        let output = LogOutput(descriptor: writer)
        let logger = Self.logger(output)
        let filler = String(repeating: "x", count: 1_000)
        var count = 0
        while output.droppedLines < 3 {
            logger.info("\(count) \(filler)")
            count += 1
        }
        var text = Self.drain(reader)
        logger.info("after")
        text += Self.drain(reader)
        let lines = text.split(separator: "\n")
        #expect(lines.count == count - 3 + 2)
        #expect(lines.dropLast(2).enumerated().allSatisfy { $1 == "info drover: \($0) \(filler)" })
        #expect(
            lines.suffix(2) == ["warning drover: the log could not be written dropped_lines=3", "info drover: after"])
        #expect(output.droppedLines == 3)
    }

    @Test func `O22 a reader that has left ends nobody`() {
        signal(SIGPIPE, SIG_IGN)
        for kind in Kind.allCases {
            let (reader, writer) = kind.open()
            close(reader)
            let output = LogOutput(descriptor: writer)
            Self.logger(output).info("a")
            #expect(output.droppedLines == 1)
            close(writer)
        }
    }

    @Test func `lines for journald begin with their priority, for others not`() throws {
        let (reader, writer) = Kind.socket.open()
        defer { _ = (close(reader), close(writer)) }
        var status = stat()
        #expect(fstat(writer, &status) == 0)
        for (journal, expected) in [
            (
                "\(status.st_dev):\(status.st_ino)",
                ["<7>debug", "<6>info", "<5>notice", "<4>warning", "<3>error", "<2>critical"]
            ),
            ("\(status.st_dev):\(status.st_ino + 1)", ["debug", "info", "notice", "warning", "error", "critical"]),
        ] {
            let logger = Self.logger(LogOutput(descriptor: writer, journal: journal))
            for level in Logger.Level.allCases.dropFirst() { logger.log(level: level, "m") }
            #expect(Self.drain(reader) == expected.map { "\($0) drover: m\n" }.joined())
        }
    }

    @Test func `a long line is cut after a whole character`() {
        let (reader, writer) = Kind.pipe.open()
        defer { _ = (close(reader), close(writer)) }
        for filler in ["é", "xé"] {
            let values = (1...9).map {
                ("key\($0)", Logger.MetadataValue.string(String(repeating: filler, count: 400)))
            }
            Self.logger(LogOutput(descriptor: writer)).info("m", metadata: Dictionary(values) { $1 })
            let text = Self.drain(reader)
            #expect(text.utf8.count <= LogOutput.lineLimit && text.utf8.count > LogOutput.lineLimit - 4)
            #expect(text.hasSuffix("\n") && !text.contains("\u{FFFD}"))
        }
    }
}
