import Foundation
import HTTP
import HTTPTypes
import JSON
import Service
import Testing

struct RouteTableTests {
    private static let document = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "openapi.yaml")

    /// Method and path of each operation: our document has paths in lines of two blanks, methods in lines of four.
    private static func operations() throws -> Set<String> {
        let lines = try String(contentsOf: document, encoding: .utf8).split(separator: "\n")
        var (path, operations): (Substring, Set<String>) = ("", [])
        for line in lines.drop(while: { $0 != "paths:" }).prefix(while: { $0 != "components:" }) {
            if line.hasPrefix("  /") { path = line.dropFirst(2).dropLast() }
            for method in ["get", "post", "delete"] where line == "    \(method):" {
                operations.insert("\(method.uppercased()) \(path)")
            }
        }
        return operations
    }

    @Test func `every route is in openapi.yaml, and nothing else`() throws {
        let operations = try Self.operations()
        let routes = Set(try TestService().router.table.map { "\($0.method.rawValue) \($0.pattern)" })
        #expect(operations.subtracting(routes) == [])
        // What is also served without the version, or with it.
        let others = routes.subtracting(operations).filter { route in
            let parts = route.split(separator: " ")
            let twin = parts[1].hasPrefix("/v1") ? parts[1].dropFirst(3) : "/v1" + parts[1]
            return !operations.contains("\(parts[0]) \(twin)")
        }
        #expect(others == [])
    }

    @Test func `the document is served as it lies in the repository`() async throws {
        let service = try TestService(isReady: false)
        #expect(try await service.get("/openapi.yaml").body == [UInt8](Data(contentsOf: Self.document)))
        let page = String(decoding: try await service.get("/docs").body, as: UTF8.self)
        #expect(page.contains("<code>/v1/responses/{id}/cancel</code>") && !page.contains("<script"))
    }

    @Test func `clients of llama-server and vLLM learn what they ask for`() async throws {
        let service = try TestService()
        let properties = try await service.get("/props").json
        #expect(properties["default_generation_settings"]?.object?["n_ctx"] == 256)
        #expect(properties["chat_template"]?.string?.contains("message") == true)
        #expect(try await service.get("/version").json["version"] == "1.2.3")
        let slots = try await service.get("/slots?fail_on_no_slot=1")
        #expect(String(decoding: slots.body, as: UTF8.self).contains(#""is_processing":false"#))
    }
}
