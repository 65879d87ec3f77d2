import Foundation
import JSON
import OpenAI
import Testing

struct ModerationTests {
    private func item(_ said: String, safe: Float, unsafe: Float) -> LogprobItem {
        let candidates = [("safe", safe), ("unsafe", unsafe)].map { text, logprob in
            LogprobItem.Candidate(id: 0, bytes: Array(text.utf8), isControl: false, logprob: logprob)
        }
        return LogprobItem(token: candidates[said == "safe" ? 0 : 1], top: candidates, offset: 0)
    }

    private func result(_ moderation: Moderation) -> JSONObject {
        let head = AnswerHead(id: "modr-1", created: 0, model: "guard", fingerprint: "f")
        return Moderation.list(head, [moderation]).object?["results"]?.array?.first?.object ?? [:]
    }

    @Test func `an unsafe verdict flags the categories of its codes`() {
        let logprobs = [item("unsafe", safe: log(0.1), unsafe: log(0.3))]
        let moderation = Moderation(verdict: "\n\nunsafe\nS1,S10", logprobs: logprobs)
        #expect(moderation.codes == ["S1", "S10"] && abs(moderation.probability - 0.75) < 1e-6)
        let result = result(moderation)
        let flags = result["categories"]?.object
        #expect(result["flagged"] == true && flags?["hate/threatening"] == true && flags?["violence"] == true)
        #expect(flags?["sexual"] == false && result["category_scores"]?.object?["sexual"] == 0.0)
    }

    @Test func `a safe verdict flags nothing and tells how sure it is`() {
        let moderation = Moderation(verdict: "safe", logprobs: [item("safe", safe: log(0.9), unsafe: log(0.1))])
        #expect(moderation.codes.isEmpty && abs(moderation.probability - 0.1) < 1e-6)
        #expect(result(moderation)["flagged"] == false)
    }
}
