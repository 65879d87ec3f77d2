import Foundation
import JSON
import Service

/// A folder with a file of JSON lines for each day, a line for each key: what it has used.
struct UsageFolder {
    let path: String

    /// The book of today, with what earlier processes wrote down of it.
    func open() throws -> UsageBook {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let today = UnixTime.now / 86_400
        guard let data = FileManager.default.contents(atPath: file(of: today)) else {
            return UsageBook(UsageBook.Day(number: today))
        }
        return UsageBook(UsageBook.Day(number: today, usage: try read([UInt8](data), today)))
    }

    private func read(_ bytes: [UInt8], _ day: Int64) throws -> [String: KeyUsage] {
        var usage: [String: KeyUsage] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let object = try? JSONValue(parsing: Array(line)).object, let name = object["key"]?.string else {
                throw UsageFolderError.malformed(file: file(of: day))
            }
            let count = { (field: String) in Int(clamping: object[field]?.integer ?? 0) }
            usage[name, default: KeyUsage()].requests += count("requests")
            usage[name, default: KeyUsage()].promptTokens += count("prompt_tokens")
            usage[name, default: KeyUsage()].cachedTokens += count("cached_tokens")
            usage[name, default: KeyUsage()].outputTokens += count("completion_tokens")
        }
        return usage
    }

    /// Writes down what has changed. Each file is there whole or as it was.
    func write(_ book: UsageBook) throws {
        try book.flush { day in
            let lines = day.usage.sorted { $0.key < $1.key }.map { name, usage in
                let object: JSONValue = [
                    "date": .string(Self.date(day.number)), "key": .string(name),
                    "requests": .integer(Int64(usage.requests)), "prompt_tokens": .integer(Int64(usage.promptTokens)),
                    "cached_tokens": .integer(Int64(usage.cachedTokens)),
                    "completion_tokens": .integer(Int64(usage.outputTokens)),
                ]
                return object.serialized + [UInt8(ascii: "\n")]
            }
            try Data(lines.joined()).write(to: URL(filePath: file(of: day.number)), options: .atomic)
        }
    }

    private func file(of day: Int64) -> String { "\(path)/usage-\(Self.date(day)).jsonl" }

    private static func date(_ day: Int64) -> String {
        Date(timeIntervalSince1970: Double(day) * 86_400).formatted(.iso8601.year().month().day())
    }
}

enum UsageFolderError: Error, CustomStringConvertible {
    case malformed(file: String)

    var description: String {
        switch self {
        case .malformed(let file): "The usage file \(file) is damaged; move it away to count from nothing."
        }
    }
}
