/// The API for a person: a page that needs nothing from elsewhere, with the operations in a table and the document
/// below.
enum DocumentPage {
    private struct Operation {
        let method: String
        let path: String
        var summary = ""
    }

    /// HTML.
    static var text: String {
        let document = String(decoding: APIDocument.bytes, as: UTF8.self)
        let rows = operations(in: document).map { operation in
            "<tr><td><code>\(operation.method)</code><td><code>\(escaped(operation.path))</code>"
                + "<td>\(escaped(operation.summary))"
        }
        return head + rows.joined(separator: "\n") + "\n</table>\n<h2>openapi.yaml</h2>\n<pre>" + escaped(document)
            + "</pre>\n</html>\n"
    }

    /// Our own document has a path in a line of two blanks, its method in one of four, and the summary in one of six.
    private static func operations(in document: String) -> [Operation] {
        var (path, operations): (String, [Operation]) = ("", [])
        let paths = document.split(separator: "\n").drop { $0 != "paths:" }.prefix { $0 != "components:" }
        for line in paths {
            if line.hasPrefix("  /"), line.hasSuffix(":") {
                path = String(line.dropFirst(2).dropLast())
            } else if let method = ["get", "post", "delete"].first(where: { line == "    \($0):" }) {
                operations.append(Operation(method: method.uppercased(), path: path))
            } else if line.hasPrefix("      summary: "), !operations.isEmpty {
                operations[operations.count - 1].summary = String(line.dropFirst("      summary: ".count))
            }
        }
        return operations
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private static let head = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>Drover</title>
        <meta name="viewport" content="width=device-width">
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
        table { border-collapse: collapse }
        td { border-top: 1px solid #ccc; padding: .2rem .8rem .2rem 0; vertical-align: top }
        pre { overflow-x: auto; font-size: 13px; background: #f6f6f6; padding: 1rem }
        @media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } pre { background: #1c1c1c } }
        </style>
        <h1>Drover</h1>
        <p>The HTTP API of this server. <a href="/openapi.yaml">openapi.yaml</a> is for programs.
        <table>

        """
}
