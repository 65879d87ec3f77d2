/// One line family of the metrics page (Prometheus text format 0.0.4).
protocol Metric: Sendable {
    /// The word after `# TYPE`.
    var type: String { get }
    /// Appends the sample lines. `labels` is `{…}` or empty.
    func write(name: String, labels: Labels, to page: inout String)
}

/// Label pairs, rendered once.
package struct Labels: Sendable, Hashable {
    private let pairs: [[String]]

    package init(_ pairs: KeyValuePairs<String, String> = [:]) {
        self.pairs = pairs.map { [$0.key, Self.escape($0.value)] }
    }

    private init(pairs: [[String]]) { self.pairs = pairs }

    package func adding(_ name: String, _ value: String) -> Labels {
        Labels(pairs: pairs + [[name, Self.escape(value)]])
    }

    var text: String {
        pairs.isEmpty ? "" : "{" + pairs.map { "\($0[0])=\"\($0[1])\"" }.joined(separator: ",") + "}"
    }

    /// Backslash, quote and line feed are the three that the format escapes.
    private static func escape(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
