import HTTP
import HTTPTypes
import JSON
import Testing

/// A13, H33, H63: a web page in a browser on the server's machine.
struct BrowserGuardTests {
    private static func fields(_ pairs: [String: String]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in pairs {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    private static func send(
        _ service: TestService, _ method: HTTPRequest.Method, _ path: String, host: String? = nil,
        _ pairs: [String: String]
    ) async throws -> (answer: TestService.Answer, field: (String) -> String?) {
        let answer = try await service.send(method, path, "", fields(pairs), host: host ?? "localhost")
        return (answer, { name in HTTPField.Name(name).flatMap { answer.head.headerFields[$0] } })
    }

    @Test func `A13 a rebound name gets 421, which names the setting`() async throws {
        let service = try TestService(hosts: .loopback(and: ["drover.example"]))
        for (host, status) in [("localhost:80", 200), ("drover.example", 200), ("evil.example", 421)] {
            #expect(try await Self.send(service, .get, "/v1/models", host: host, [:]).answer.head.status.code == status)
        }
        let (refusal, _) = try await Self.send(service, .post, "/v1/completions", host: "evil.example", [:])
        let error = try refusal.json["error"]?.object
        #expect(error?["param"]?.string == "Host")
        #expect(error?["message"]?.string?.contains("allowed-hosts") == true)
        #expect(try await Self.send(service, .get, "/health/live", host: "10.0.0.1", [:]).answer.head.status == .ok)
    }

    @Test func `H63 a page that may not use the server gets no CORS fields, and no effect`() async throws {
        let service = try TestService()
        for origin in ["https://evil.example", "null", "http://localhost.evil.example", "ftp://localhost"] {
            let (read, field) = try await Self.send(service, .get, "/v1/models", ["Origin": origin])
            #expect(read.head.status == .ok)
            #expect(field("access-control-allow-origin") == nil)
            for method in [HTTPRequest.Method.post, .delete, .options] {
                let (refusal, field) = try await Self.send(
                    service, method, "/v1/completions",
                    ["Origin": origin, "Access-Control-Request-Method": "POST"])
                #expect(refusal.head.status == .forbidden)
                #expect(field("access-control-allow-origin") == nil)
                #expect(try refusal.json["error"]?.object?["param"]?.string == "Origin")
            }
        }
    }

    @Test func `pages of this machine are answered, errors too, and never with credentials`() async throws {
        let service = try TestService(keys: [])
        for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173"] {
            let (answer, field) = try await Self.send(service, .get, "/v1/models", ["Origin": origin])
            #expect(answer.head.status == .unauthorized)
            #expect(field("access-control-allow-origin") == origin)
            #expect(field("vary") == "Origin")
            #expect(field("access-control-allow-credentials") == nil)
        }
    }

    @Test func `a preflight is answered without a key`() async throws {
        let service = try TestService(keys: [], origins: OriginPolicy(origins: ["https://chat.example"]))
        let (answer, field) = try await Self.send(
            service, .options, "/v1/chat/completions",
            [
                "Origin": "https://chat.example", "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,x-stainless-os",
            ])
        #expect(answer.head.status == .noContent)
        #expect(field("access-control-allow-origin") == "https://chat.example")
        #expect(field("access-control-allow-headers") == "authorization, x-stainless-os")
        #expect(field("access-control-allow-methods")?.contains("POST") == true)
        #expect(field("access-control-max-age") == "600")
    }

    @Test func `all origins by choice`() async throws {
        let service = try TestService(origins: OriginPolicy(origins: ["*"]))
        let (_, field) = try await Self.send(service, .get, "/v1/models", ["Origin": "null"])
        #expect(field("access-control-allow-origin") == "*")
        #expect(field("vary") == nil)
    }
}
