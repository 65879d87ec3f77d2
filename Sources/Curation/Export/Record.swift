package import JSON

/// One line of the exported set.
package struct Record: Sendable {
    package let prompt: Prompt
    package let chosen: Answer
    /// For preference pairs.
    package let rejected: Answer?

    /// An answer, and what of its tokens was asked for.
    package struct Answer: Sendable {
        package let entry: Entry
        /// Seed of the request that it came with.
        package let seed: Int64
        package let promptIDs: [JSONValue]?
        package let tokenIDs: [JSONValue]?
        package let logprobs: [JSONValue]?

        package init(
            entry: Entry, seed: Int64, promptIDs: [JSONValue]? = nil, tokenIDs: [JSONValue]? = nil,
            logprobs: [JSONValue]? = nil
        ) {
            self.entry = entry
            self.seed = seed
            self.promptIDs = promptIDs
            self.tokenIDs = tokenIDs
            self.logprobs = logprobs
        }

        /// Without the lines that were taken away.
        var message: JSONValue {
            entry.thinned.map { ["role": "assistant", "content": .string($0)] } ?? entry.sample.message
        }
    }

    package init(prompt: Prompt, chosen: Answer, rejected: Answer? = nil) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
    }

    package func json(_ format: ExportSettings.Format, _ provenance: Provenance) -> JSONValue {
        var object: JSONObject =
            switch format {
            case .sft: ["messages": .array(prompt.messages + [chosen.message])]
            case .dpo: preference
            case .alpaca: alpaca
            case .sharegpt: ["conversations": .array((prompt.messages + [chosen.message]).map(Self.turn))]
            }
        object["tools"] = prompt.tools
        for (name, values) in [
            ("prompt_token_ids", chosen.promptIDs), ("token_ids", chosen.tokenIDs), ("logprobs", chosen.logprobs),
            ("rejected_token_ids", rejected?.tokenIDs), ("rejected_logprobs", rejected?.logprobs),
        ] {
            object[name] = values.map(JSONValue.array)
        }
        object["metadata"] = metadata(provenance)
        return .object(object)
    }

    private var preference: JSONObject {
        [
            "prompt": .array(prompt.messages), "chosen": [chosen.message],
            "rejected": .array(rejected.map { [$0.message] } ?? []),
        ]
    }

    private func metadata(_ provenance: Provenance) -> JSONValue {
        var object: JSONObject = [
            "recipe": .string(provenance.recipe), "prompt": .string(String(prompt.key.hex.prefix(16))),
            "sample": .integer(Int64(chosen.entry.number)), "seed": .integer(chosen.seed),
            "scores": Self.scores(of: chosen.entry), "fields": .object(prompt.fields),
            "sampler": .object(provenance.sampler), "generator": provenance.generator,
        ]
        if let rejected {
            object["rejected_sample"] = .integer(Int64(rejected.entry.number))
            object["rejected_scores"] = Self.scores(of: rejected.entry)
            if case .dropped(_, let name, let reason) = rejected.entry.fate {
                object["rejected_by"] = .string("\(name): \(reason)")
            }
        }
        return .object(object)
    }

    private static func scores(of entry: Entry) -> JSONValue {
        var object = JSONObject(entry.scores.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
        object["mean_logprob"] = entry.sample.meanLogprob.map(JSONValue.number)
        return .object(object)
    }

    // MARK: Formats of others

    /// Stanford Alpaca's fields, with LLaMA-Factory's `system` and `history` where there is one.
    private var alpaca: JSONObject {
        var object: JSONObject = [
            "instruction": .string(prompt.question), "input": "",
            "output": .string(chosen.message.object?["content"]?.string ?? chosen.entry.sample.content),
        ]
        var turns = prompt.messages.map { (role: $0.object?["role"]?.string, text: $0.object?["content"] ?? .null) }
        if turns.first?.role == "system" { object["system"] = turns.removeFirst().text }
        let earlier = turns.dropLast()
        guard !earlier.isEmpty else { return object }
        let answers = zip(earlier, earlier.dropFirst()).filter { $0.role == "user" && $1.role == "assistant" }
        object["history"] = .array(answers.map { .array([$0.text, $1.text]) })
        return object
    }

    private static func turn(_ message: JSONValue) -> JSONValue {
        let object = message.object ?? [:]
        if let calls = object["tool_calls"]?.array, !calls.isEmpty {
            let functions = JSONValue.array(calls.map { $0.object?["function"] ?? $0 })
            return ["from": "function_call", "value": .string(String(decoding: functions.serialized, as: UTF8.self))]
        }
        let names = [
            "system": "system", "developer": "system", "user": "human", "assistant": "gpt", "tool": "observation",
        ]
        let role = object["role"]?.string ?? ""
        return ["from": .string(names[role] ?? role), "value": object["content"] ?? .null]
    }
}
