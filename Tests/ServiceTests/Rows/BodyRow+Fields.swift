/// Fields with values that they cannot have.
extension BodyRow {
    static let numbers: [BodyRow] =
        ["0", "-1", "1.5", "1e300", #""1""#, "true", "[1]", "{}"].map { .chat("J17", "max_tokens", $0) } + [
            .chat("J16", "max_tokens", "1.0", 200), .chat("J16", "max_tokens", "1e0", 200),
            .chat("J17", "max_tokens", "2147483648", 200), .chat("J17", "max_tokens", "9223372036854775807", 200),
            .chat("J18", "max_completion_tokens", "1", 200), .chat("J19", "n", "0"), .chat("J19", "n", "-1"),
            .chat("J19", "n", "129"), .chat("J19", "n", "1000000000"), .chat("J21", "temperature", "-1"),
            .chat("J21", "temperature", "2.1"), .chat("J21", "temperature", "1e308"),
            .chat("J21", "temperature", #""NaN""#), .chat("J21", "temperature", "null", 200),
            .chat("J22", "temperature", "1e-30", 200), .chat("J22", "temperature", "5e-324", 200),
            .chat("J23", "top_p", "-0.1"), .chat("J23", "top_p", "1.1"), .chat("J23", "top_p", "0", 200),
            .chat("J23", "min_p", "2"), .chat("J23", "top_k", "-1", 200), .chat("J23", "top_k", "-2"),
            .chat("J23", "top_k", "2147483648"), .chat("J24", "frequency_penalty", "2.1"),
            .chat("J24", "presence_penalty", "-2.1"), .chat("J24", "repetition_penalty", "0"),
            .chat("J24", "repetition_penalty", "-1"), .chat("J29", "top_logprobs", "21"),
            .chat("J29", "top_logprobs", "-1"), .chat("J29", "top_logprobs", "1000000000"),
            .chat("J29", "top_logprobs", "1"), .chat("J30", "seed", "-1", 200), .chat("J30", "seed", "1.5"),
            .chat("J30", "seed", "9223372036854775808"), .chat("J30", "seed", "18446744073709551616"),
        ]

    static let lists: [BodyRow] = [
        .chat("J25", "logit_bias", object(100_000, "1")),
        .chat("J25", "logit_bias", #"{"abc": 1}"#, param: "logit_bias.abc"),
        .chat("J25", "logit_bias", #"{"-1": 1}"#, param: "logit_bias.-1"),
        .chat("J25", "logit_bias", #"{"999999999": 1}"#, param: "logit_bias.999999999"),
        .chat("J25", "logit_bias", #"{"1": 1e9}"#, param: "logit_bias.1"),
        .chat("J25", "logit_bias", #"{"1": 101}"#, param: "logit_bias.1"),
        .chat("J25", "logit_bias", #"{"1": -101}"#, param: "logit_bias.1"),
        // Every token of the vocabulary: the least unlikely is taken, and nothing is not a number.
        .chat("J26", "logit_bias", object(709, "-100"), 200),
        .chat("J27", "stop", list(17) { "\"a\($0)\"" }), .chat("J27", "stop", quoted(1 << 20)),
        .chat("J27", "stop", "\"\""),
        .chat("J27", "stop", nested("[", "]", 100)), .chat("J27", "stop", nested("[", "]", 300), param: ""),
    ]

    /// Every field refuses an array that holds an object, and a negative fraction; none takes `true` for 1.
    static let kinds: [BodyRow] =
        [
            "model", "temperature", "top_p", "min_p", "top_k", "repetition_penalty", "frequency_penalty",
            "presence_penalty", "seed", "stop", "n", "max_completion_tokens", "logprobs", "top_logprobs", "ignore_eos",
            "priority", "cache_salt", "stream", "stream_options", "tool_choice", "parallel_tool_calls",
            "response_format", "logit_bias", "chat_template_kwargs", "metadata", "user",
        ].flatMap { field in [kind(field, "[{}]"), kind(field, "-7.25")] }
        + ["n", "seed", "max_completion_tokens", "temperature"].map { field in kind(field, "true") }

    private static func kind(_ field: String, _ value: String) -> BodyRow { .chat("J15", field, value) }

    static let options: [BodyRow] = [
        .chat("J14", "no_such_field", "1"), .chat("J46", "model", #""unknown""#, 404),
        .chat("J46", "model", #""../../etc/passwd""#, 404), .chat("J46", "model", quoted(1 << 20), 404),
        .chat("J46", "model", #""oracle\u0000""#, 404), .chat("J47", "stream", #""yes""#),
        .chat("J47", "stream_options", #"{"include_usage": true}"#), .chat("J48", "user", "7"),
        .chat("J48", "metadata", object(17, "\"a\"")),
        .chat("J48", "metadata", "{\(quoted(65)): \"a\"}"), .chat("J48", "metadata", "{\"a\": \(quoted(513))}"),
        .chat("J48", "metadata", "{\(quoted(64)): \(quoted(512))}", 200),
        .chat("J49", "response_format", #"{"type": "sound"}"#, param: "response_format.type"),
        .chat("J49", "response_format", #"{"type": "json_schema"}"#, param: "response_format.json_schema"),
        .chat("J50", "chat_template", #""{{ 7 }}""#),
        .chat("J50", "chat_template_kwargs", #"{"messages": []}"#, param: "chat_template_kwargs.messages"),
        .chat("J51", "n_discard", "-1"), .chat("J51", "n_keep", "-1"), .chat("J51", "id_slot", "-1"),
        .chat("J51", "cache_prompt", "-1"),
    ]
}
