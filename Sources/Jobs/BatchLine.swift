import GRDB

/// One line of a batch's file that holds a request.
package struct BatchLine: Codable, Sendable, Equatable {
    package let batch: String
    /// From 1, blank lines of the file counted.
    package let number: Int
    /// Where it lies in the file.
    let start: Int
    let length: Int
    /// Its turn: lines that begin alike run one after the other.
    let rank: Int
    /// Empty where the line has none.
    package let customID: String
    /// Why it cannot run.
    package let problem: BatchProblem?
}

extension BatchLine: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "line"
}

/// What became of a line, as a line of the output file or the error file.
package struct LineResult: Sendable {
    package enum File: Int, Sendable, CaseIterable {
        case output, errors
    }

    package let line: Int
    package let file: File
    /// Without a line feed.
    package let bytes: [UInt8]
    package let usage: BatchUsage

    package init(line: Int, file: File, bytes: [UInt8], usage: BatchUsage = .none) {
        self.line = line
        self.file = file
        self.bytes = bytes
        self.usage = usage
    }
}

/// Where a line's result lies in its file.
struct ResultPlace: Sendable, Equatable {
    let start: Int
    /// With its line feed.
    let length: Int
    let checksum: UInt32
}
