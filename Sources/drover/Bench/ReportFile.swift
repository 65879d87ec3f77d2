import ArgumentParser
import Foundation
import JSON

/// Where a report goes as JSON: a file, or standard output in place of the text.
struct ReportFile: ExpressibleByArgument, CustomStringConvertible {
    static let standardOutput = ReportFile(path: nil)

    private let path: String?

    private init(path: String?) { self.path = path }

    init?(argument: String) { path = argument == "-" ? nil : argument }

    var description: String { path ?? "standard output" }

    var isStandardOutput: Bool { path == nil }

    func write(_ report: JSONValue) throws {
        let text = report.serialized + Array("\n".utf8)
        guard let path else { return Terminal.output(String(decoding: text, as: UTF8.self)) }
        try Data(text).write(to: URL(filePath: path))
    }
}
