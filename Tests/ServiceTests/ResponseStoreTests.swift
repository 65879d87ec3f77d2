import JSON
import OpenAI
import Service
import Testing

struct ResponseStoreTests {
    private func entry(_ id: String, text: String = "", owner: String = "") throws -> ResponseStore.Entry {
        let request = try ResponseRequest(["input": .string(text)])
        let head = AnswerHead(id: id, created: 0, model: "m", fingerprint: "f")
        return ResponseStore.Entry(
            response: ResponseObject(request, head: head), owner: owner, inputItems: request.inputItems,
            messages: request.messages)
    }

    @Test func `the oldest make room when there are too many bytes`() throws {
        let store = ResponseStore(byteLimit: 100_000)
        for number in 0..<100 { store.put(try entry("\(number)")) }
        let kept = (0..<100).filter { store.entry("\($0)") != nil }
        #expect(kept.last == 99 && kept == Array(kept[0]...99) && (10...25).contains(kept.count))
        store.put(try entry("large", text: String(repeating: "x", count: 60_000)))
        #expect(store.entry("large") == nil && store.entry("99") == nil)
    }

    @Test func `what is too old is not there`() throws {
        let store = ResponseStore(lifetime: .seconds(10))
        let now = ContinuousClock.now
        store.put(try entry("a"), now: now)
        #expect(store.entry("a", now: now + .seconds(9)) != nil)
        #expect(store.entry("a", now: now + .seconds(10)) == nil)
    }

    @Test func `a newer state does not bring back what was removed, nor end twice`() throws {
        let store = ResponseStore()
        let first = try entry("a")
        store.put(first)
        var response = first.response
        response.status = .cancelled
        store.update(response)
        response.status = .completed
        store.update(response)
        #expect(store.entry("a")?.response.status == .cancelled)
        store.remove("a")
        store.update(response)
        #expect(store.entry("a") == nil)
    }
}
