import Engine
import HTTP
import JSON
import Language
import OpenAI

/// What clients of llama-server and vLLM ask a server about itself: GET /props, /slots and /version.
struct PropertiesEndpoint: Sendable {
    let state: ServiceState
    let version: String

    /// llama-server's words for the model and how it answers by default.
    func properties(_ request: Request, from caller: Caller) throws -> Response {
        let model = try state.readyModel()
        try caller.check(model: model.id)
        let defaults = model.defaults
        return Response(json: [
            "default_generation_settings": [
                "n_ctx": .integer(Int64(model.engine.contextLength)),
                "params": [
                    "temperature": .number(defaults.temperature), "top_k": .integer(Int64(defaults.topK)),
                    "top_p": .number(defaults.topP), "min_p": 0.0,
                ],
            ],
            "total_slots": .integer(Int64(slotCount)), "model_alias": .string(model.id),
            "model_path": .string(model.id),
            "chat_template": .string(model.template?.source ?? ""), "modalities": ["vision": false, "audio": false],
            "build_info": .string("drover \(version)"), "is_sleeping": false,
        ])
    }

    /// A slot for each sample that runs, and a free one while nobody waits. With `fail_on_no_slot` 503 when none is
    /// free.
    func slots(_ request: Request, from caller: Caller) async throws -> Response {
        let engine = try state.readyModel().engine
        let isFree = engine.status.waiting == 0
        if request.target.query.contains(where: { $0.name == "fail_on_no_slot" && $0.value != "0" }), !isFree {
            throw APIError.unavailable("No slot is free.", code: "no_slot", retryAfterSeconds: 1)
        }
        let own = state.requests.entries.filter { caller.mayTouch(requestOf: $0.owner) }.flatMap(\.streams).map(\.id)
        let running = await engine.progress().filter { sample in
            if case .waiting = sample.phase { false } else { own.contains(sample.id) }
        }
        var slots = running.map { sample -> JSONObject in
            [
                "is_processing": true, "id_task": .integer(Int64(clamping: sample.id.number)),
                "next_token": ["n_decoded": .integer(Int64(sample.outputTokens)), "has_next_token": true],
            ]
        }
        if isFree { slots.append(["is_processing": false, "id_task": -1]) }
        return Response(
            json: .array(
                slots.enumerated().map { index, slot in
                    var slot = slot
                    slot["id"] = .integer(Int64(index))
                    slot["n_ctx"] = .integer(Int64(engine.contextLength))
                    return .object(slot)
                }))
    }

    private var slotCount: Int {
        guard let status = state.engine?.status else { return 0 }
        return status.running + (status.waiting == 0 ? 1 : 0)
    }

    /// vLLM's.
    func version(_ request: Request) throws -> Response { Response(json: ["version": .string(version)]) }
}
