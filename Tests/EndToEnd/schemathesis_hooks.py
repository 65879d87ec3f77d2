"""What schemathesis must know of the API besides openapi.yaml; see fuzz_routes.py."""

import re

import schemathesis

#: Fields, and codes of refusals, whose rules a schema of OpenAPI can't state: the server may answer 400 though the
#: request is as the document says.
RULES_IN_WORDS = {
    "a text in a language of its own": ["grammar", "guided_", "structured_outputs", "json_schema", "response_format", "text"],
    "a schema, and all tools together": ["tools"],
    "names one of the tools": ["tool_choice"],
    "answers to calls come behind these, and calls have ids of their own": ["messages", "input", "system"],
    "only together with other fields": [
        "stream_options", "timings_per_token", "return_progress", "top_logprobs", "logprobs", "n", "best_of", "suffix",
        "echo", "repeat_penalty", "rounds", "scorers", "max_tokens", "max_completion_tokens", "max_output_tokens", "output_config", "thinking",
        "return_token_strs", "add_special_tokens", "content", "prompt", "include_end"],
    "token ids of the vocabulary": ["tokens", "prompt", "logit_bias", "input", "labels", "continuations"],
    "bytes are counted, not characters": ["stop", "stop_sequences", "cache_salt"],
    "a number as text, and its anchor": ["expires_after"],
    "no wider than the model": ["dimensions"],
    "variables of the template": ["chat_template_kwargs", "add_generation_prompt", "continue_final_message"],
    "of a stored response": ["previous_response_id", "id", "after"],
    "of a Llama Guard model": ["model"],
}
CODES_IN_WORDS = {"unsupported_parameter", "context_length_exceeded"}


def is_valid(case):
    """Whether the whole request follows the document."""
    return case.meta is not None and not case.meta.generation.mode.is_negative and not any(
        part.mode.is_negative for part in case.meta.components.values())


#: Only with a stream.
OF_STREAMS = ("stream_options", "timings_per_token", "return_progress")
#: At most one of these.
FORMATS = ("response_format", "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
           "grammar", "json_schema")
LIMITS = {"/v1/chat/completions": "max_tokens", "/v1/completions": "max_tokens", "/v1/messages": "max_tokens",
          "/v1/responses": "max_output_tokens"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Valid requests get what the document asks for in words, and ask for few tokens: thousands of them are sent."""
    if case.headers and re.fullmatch(r"\d[\d.e+-]*", case.headers.get("x-request-timeout", "")):
        # None that passes at once, which would hide every other fault of the request.
        case.headers["x-request-timeout"] = "100"
    if case.path == "/v1/files" and isinstance(case.body, dict):
        # A field of a form that is an empty list is sent as no field.
        case.body.update({field: "" for field, value in case.body.items() if value == []})
    if not is_valid(case) or not isinstance(case.body, dict):
        return
    body = case.body
    for field in ("model", "repeat_penalty", *(OF_STREAMS if not body.get("stream") else ())):
        body.pop(field, None)
    for field in [field for field in FORMATS if body.get(field) is not None][1:]:
        del body[field]
    if case.path in LIMITS:
        body[LIMITS[case.path]] = 3
    for field, most in {"max_completion_tokens": 3, "n": 2, "best_of": 2}.items():
        if isinstance(body.get(field), int):
            body[field] = min(body[field], most)


@schemathesis.check
def refusal_is_described(context, response, case):
    """A valid request is refused only for what the document says in words."""
    if not is_valid(case) or response.status_code not in (400, 408, 422):
        return
    error = response.json()["error"]
    if case.path == "/v1/files" and re.search("multipart body is malformed|is there twice", error["message"]):
        return  # Names of parts and files come as they were drawn: with control characters, or the same again.
    field = (error["param"] or "").split(".")[0].split("[")[0]
    words = [start for starts in RULES_IN_WORDS.values() for start in starts]
    assert error["code"] in CODES_IN_WORDS or any(
        field == word or word.endswith("_") and field.startswith(word) for word in words), \
        f"refused as the document says nowhere: {error}"
