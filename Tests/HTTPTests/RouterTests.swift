import HTTP
import HTTPTypes
import Testing

struct RouterTests {
    private static func status(_ method: HTTPRequest.Method, _ target: String) async throws -> (Int, String) {
        var router = Router(errorBody: TestServer.errors)
        router.on(.get, "/v1/models") { _ in Response(status: .ok) }
        router.on(.get, "/v1/models/{id}") {
            Response(status: .ok, contentType: "text/plain", bytes: Array(($0.parameter ?? "none").utf8))
        }
        router.on(.get, "/v1/models/{id}/cards") {
            Response(status: .ok, contentType: "text/plain", bytes: Array("cards of \($0.parameter ?? "")".utf8))
        }
        router.on(.get, "/v1/models/special") { _ in Response(status: .accepted) }
        let target = try RequestTarget(parsing: Array(target.utf8)[...], method: method)
        let head = RequestHead(id: "r", method: method, target: target)
        let response = await router.respond(to: Request(head: head))
        guard case .bytes(let body) = response.body else { return (response.status.code, "") }
        return (response.status.code, String(decoding: body, as: UTF8.self))
    }

    @Test(arguments: [
        ("/v1/models", 200, ""), ("/v1/models/", 200, ""), ("/v1/models/a%2Fb:c", 200, "a/b:c"),
        ("/v1/models/a/b", 200, "a/b"), ("/v1/models/a%252Fb", 200, "a%2Fb"), ("/v1/models/special", 202, ""),
        ("/v1/models/..", 200, ".."), ("/v1/models/a/b/cards", 200, "cards of a/b"),
        ("/v1/models/cards", 200, "cards"), ("/v1/models//cards", 200, "/cards"),
    ])
    func `finds routes and decodes the parameter once`(_ target: String, _ status: Int, _ body: String) async throws {
        let answer = try await Self.status(.get, target)
        #expect(answer == (status, body))
    }

    @Test(arguments: ["/", "/v1", "/V1/models", "//v1/models", "/v1/./models", "/v1/../v1/models", "/v1%2Fmodels"])
    func `H30 normalises nothing`(_ target: String) async throws {
        #expect(try await Self.status(.get, target).0 == 404)
    }

    @Test func `H25 and H26 tells unknown paths from methods that are not allowed`() async throws {
        #expect(try await Self.status(.post, "/v1/models").0 == 405)
        #expect(try await Self.status(.head, "/v1/models").0 == 200)
        #expect(try await Self.status(.options, "/v1/models").0 == 204)
        #expect(try await Self.status(.options, "*").0 == 204)
    }
}
