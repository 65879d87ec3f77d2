import JSON

/// The fields that chat and plain completions share: how to draw tokens, when to stop, how to answer.
/// nil means that the client left the choice to the server.
package struct SamplingFields: Sendable, Equatable {
    package var model: String?
    package var temperature: Double?
    package var topP: Double?
    package var topK: Int?
    package var minP: Double?
    package var repetitionPenalty: Double?
    package var frequencyPenalty: Double?
    package var presencePenalty: Double?
    /// Token id to bias, in the order given.
    package var logitBias: [LogitBias]
    package var seed: Int64?
    package var stop: [String]
    /// Answers to give.
    package var n: Int
    package var maxTokens: Int?
    /// Likeliest tokens to report beside each token of the answer; nil reports no log-probabilities.
    package var topLogprobs: Int?
    package var ignoresEndOfText: Bool
    /// Requests with a lower one go first; 0 is usual.
    package var priority: Int?
    /// Only requests with the same salt share what they have computed.
    package var cacheSalt: String?
    package var streams: Bool
    package var includesUsage: Bool
    /// Each event with text says how fast the text has come so far.
    package var timesTokens: Bool
    /// Events tell how far the prompt is computed.
    package var reportsProgress: Bool
    /// What the text must look like; nil for free text.
    package var format: OutputFormat?
    /// The request field that says so.
    package var formatField: String?

    package struct LogitBias: Sendable, Equatable {
        package let token: Int32
        package let bias: Double
    }

    package static let stopLimit = 16
    /// Most samples that a request may ask for; a server may set a lower limit.
    package static let samplesLimit = 128
    package static let stopBytesLimit = 256
    package static let logitBiasLimit = 1024
    package static let cacheSaltBytesLimit = 256
    package static let topLogprobsLimit = 20

    init(_ reader: inout FieldReader, maxTokens: Int?, topLogprobs: Int?) throws(APIError) {
        model = try reader.string("model")
        temperature = try reader.number("temperature", in: 0...2)
        topP = try reader.number("top_p", in: 0...1)
        topK = try Self.topK(&reader)
        minP = try reader.number("min_p", in: 0...1)
        repetitionPenalty = try Self.repetitionPenalty(&reader)
        frequencyPenalty = try reader.number("frequency_penalty", in: -2...2)
        presencePenalty = try reader.number("presence_penalty", in: -2...2)
        logitBias = try Self.logitBias(&reader)
        seed = try reader.integer("seed", in: Int64.min...Int64.max).map(Int64.init)
        stop = try Self.stop(&reader, "stop")
        n = try Self.samples(&reader, "n") ?? 1
        self.maxTokens = maxTokens
        self.topLogprobs = topLogprobs
        ignoresEndOfText = try reader.bool("ignore_eos") ?? false
        priority = try Self.priority(&reader)
        cacheSalt = try Self.cacheSalt(&reader)
        streams = try reader.bool("stream") ?? false
        includesUsage = try Self.includesUsage(&reader, streams: streams)
        timesTokens = try Self.streamSwitch(&reader, "timings_per_token", streams: streams)
        reportsProgress = try Self.streamSwitch(&reader, "return_progress", streams: streams)
        if let (format, field) = try OutputFormat.read(&reader) { (self.format, formatField) = (format, field) }
    }

    /// `-1`, vLLM's word for off, and 0, llama-server's, both mean no limit.
    private static func topK(_ reader: inout FieldReader) throws(APIError) -> Int? {
        try reader.integer("top_k", in: -1...Int64(Int32.max)).map { max($0, 0) }
    }

    /// vLLM's name or llama-server's; both at once must agree.
    private static func repetitionPenalty(_ reader: inout FieldReader) throws(APIError) -> Double? {
        let range = 0.01...10.0
        let one = try reader.number("repetition_penalty", in: range)
        let other = try reader.number("repeat_penalty", in: range)
        if let one, let other, one != other {
            throw .invalid("repeat_penalty", "'repetition_penalty' and 'repeat_penalty' disagree.")
        }
        return one ?? other
    }

    private static func logitBias(_ reader: inout FieldReader) throws(APIError) -> [LogitBias] {
        guard let value = reader.value("logit_bias") else { return [] }
        guard let object = value.object else { throw reader.wrongType("logit_bias", "an object", value) }
        guard object.count <= logitBiasLimit else {
            throw .invalid(
                "logit_bias", "'logit_bias' may have at most \(logitBiasLimit) entries, got \(object.count).")
        }
        var biases: [LogitBias] = []
        for member in object.members {
            let name = "logit_bias.\(member.name.prefix(20))"
            guard let token = tokenID(member.name) else { throw .invalid(name, "'\(name)' is not a token id.") }
            guard let bias = member.value.number, (-100...100).contains(bias) else {
                throw .invalid(name, "'\(name)' must be a number between -100 and 100.")
            }
            biases.append(LogitBias(token: token, bias: bias))
        }
        return biases
    }

    /// ASCII digits only; Swift's own reader takes a sign too.
    private static func tokenID(_ text: String) -> Int32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int32(text)
    }

    /// The strings of the field that ends texts.
    static func stop(_ reader: inout FieldReader, _ field: String) throws(APIError) -> [String] {
        guard let value = reader.value(field) else { return [] }
        let values = value.array ?? [value]
        guard values.count <= stopLimit else {
            throw .invalid(field, "'\(field)' may have at most \(stopLimit) strings, got \(values.count).")
        }
        var strings: [String] = []
        for value in values {
            guard let string = value.string else {
                throw reader.wrongType(field, "a string or an array of strings", value)
            }
            guard (1...stopBytesLimit).contains(string.utf8.count) else {
                throw .invalid(
                    field, "A stop string must have 1 to \(stopBytesLimit) bytes, got \(string.utf8.count).")
            }
            strings.append(string)
        }
        return strings
    }

    /// A class by its name, or vLLM's number, whose lower values go first. Whoever could give a negative one would pass all
    /// who give none.
    static func priority(_ reader: inout FieldReader) throws(APIError) -> Int? {
        switch reader.value("priority") {
        case "interactive": return 0
        case "batch": return 100
        case .string(let name):
            throw .invalid(
                "priority", "'priority' must be 'interactive', 'batch' or a number, got '\(name.prefix(40))'.")
        default: return try reader.integer("priority", in: 0...1_000)
        }
    }

    /// llama-server's `n_probs`: how many of the likeliest tokens to report; nil where it asks for none.
    static func probabilities(_ reader: inout FieldReader) throws(APIError) -> Int? {
        let count = try reader.integer("n_probs", in: 0...Int64(topLogprobsLimit))
        return count == 0 ? nil : count
    }

    /// How many samples the field asks for.
    static func samples(_ reader: inout FieldReader, _ field: String) throws(APIError) -> Int? {
        try reader.integer(field, in: 1...Int64(samplesLimit))
    }

    /// Without llama-server's `cache_prompt` one that no other request has.
    static func cacheSalt(_ reader: inout FieldReader) throws(APIError) -> String? {
        let salt = try reader.string("cache_salt")
        if let salt, !(1...cacheSaltBytesLimit).contains(salt.utf8.count) {
            throw .invalid(
                "cache_salt", "'cache_salt' must have 1 to \(cacheSaltBytesLimit) bytes, got \(salt.utf8.count).")
        }
        guard try reader.bool("cache_prompt") ?? true else {
            return (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined(separator: " ")
        }
        return salt
    }

    /// A wish that only a stream can meet.
    private static func streamSwitch(
        _ reader: inout FieldReader, _ field: String, streams: Bool
    ) throws(APIError) -> Bool {
        let isOn = try reader.bool(field) ?? false
        guard streams || !isOn else {
            throw .invalid(field, "'\(field)' is only allowed when 'stream' is true.")
        }
        return isOn
    }

    private static func includesUsage(_ reader: inout FieldReader, streams: Bool) throws(APIError) -> Bool {
        guard let value = reader.value("stream_options") else { return false }
        guard streams else {
            throw .invalid("stream_options", "'stream_options' is only allowed when 'stream' is true.")
        }
        var options = try FieldReader(value, path: "stream_options")
        let includes = try options.bool("include_usage") ?? false
        // Random padding against traffic analysis of OpenAI's own edge; there is none here, with or without it.
        options.ignore(["include_obfuscation"])
        try options.finish()
        return includes
    }
}
