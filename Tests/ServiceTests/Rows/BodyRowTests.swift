import HTTPTypes
import JSON
import Language
import Service
import Testing

struct BodyRowTests {
    /// One for all rows: what one of them did would show in the next.
    private static let service = Result { try TestService() }

    @Test func `every row has the table's answer, and does no harm to the next`() async throws {
        let service = try Self.service.get()
        let good = #"{"messages": [{"role": "user", "content": "The quick brown"}], "max_tokens": 9, "temperature": 0}"#
        let before = try await service.post(BodyRow.chatPath, good).json["choices"]
        for item in BodyRow.all {
            let answer = try await service.send(.post, item.path, item.body)
            #expect(answer.head.status.code == item.status, "\(item.testDescription)")
            guard item.status != 200 else { continue }
            let error = try #require(try answer.json["error"]?.object, "\(item.testDescription)")
            #expect(error["param"]?.string ?? "" == item.param ?? "", "\(item.testDescription)")
            #expect(error["message"]?.string?.isEmpty == false)
        }
        #expect(try await service.post(BodyRow.chatPath, good).json["choices"] == before)
    }

    @Test func `J1 and J11 tell where the document is wrong`() async throws {
        let service = try Self.service.get()
        for (body, position) in [("{\"a\": 1,}", "8"), ("{\"a\": 1e999}", "6")] {
            let message = try await service.post(BodyRow.chatPath, body).json["error"]?.object?["message"]?.string
            #expect(message?.contains(position) == true, "\(message ?? "")")
        }
    }

    @Test func `J2 refuses only what is clearly something else`() async throws {
        let service = try Self.service.get()
        let body = #"{"prompt": "a", "max_tokens": 1}"#
        for (type, status) in [
            ("application/json", 200), ("", 200), ("text/plain", 200), ("application/x-www-form-urlencoded", 200),
            ("multipart/form-data; boundary=x", 415),
        ] {
            let fields: HTTPFields = type.isEmpty ? [:] : [.contentType: type]
            #expect(try await service.post(BodyRow.completions, body, fields: fields).head.status.code == status)
        }
    }

    @Test func `J38 ends at the context's end`() async throws {
        let body = "{\"prompt\": \(BodyRow.list(250) { _ in "65" }), \"max_tokens\": 100, \"ignore_eos\": true}"
        let answer = try await Self.service.get().post(BodyRow.completions, body).json
        #expect(answer["choices"]?.array?.first?.object?["finish_reason"] == "length")
        #expect(answer["usage"]?.object?["total_tokens"] == 256)
    }

    @Test func `J41 a control token's name in a model's output is text`() async throws {
        let body = #"{"prompt": "a", "max_tokens": 40, "structured_outputs": {"choice": ["<|eot_id|>x"]}}"#
        let answer = try await Self.service.get().post(BodyRow.completions, body).json
        #expect(answer["choices"]?.array?.first?.object?["text"] == "<|eot_id|>x")
        // As the control token it would be two.
        #expect((answer["usage"]?.object?["completion_tokens"]?.integer ?? 0) > 2)
    }

    @Test func `J53 a text to tokenize is bounded like any body`() async throws {
        let service = try Self.service.get()
        let text = #"{"content": "\#(String(repeating: "a ", count: 17 << 20))"}"#
        #expect(try await service.post("/tokenize", text).head.status == .contentTooLarge)
    }
}
