"""Details 27 to 45 of what clients depend on (api.md 3): what requests may say and answers must.

Elsewhere: 33, 38 and 42 in test_wire_http.py, 39 and 40 in test_responses.py, 41 with files and batches."""

import base64
import concurrent.futures
import json
import struct

import pytest

import wire
from wire import QUESTION, STORY, WEATHER, answer


def text(answer):
    return answer["choices"][0]["message"]["content"]


def test_27_null_is_absent_and_numbers_may_have_a_point(server):
    nulls = dict.fromkeys([
        "max_tokens", "stop", "tools", "tool_choice", "stream_options", "response_format", "seed", "n", "logprobs",
        "top_logprobs", "logit_bias", "user", "metadata", "top_p", "parallel_tool_calls", "stream", "functions"][:-1])
    assert text(answer(server, **nulls)) == text(answer(server)) == text(answer(server, tools=[]))
    assert answer(server, max_tokens=2.0)["usage"]["completion_tokens"] == 2
    assert wire.error(server, max_tokens=2.5)[1]["param"] == "max_tokens"


def test_28_messages_come_back_as_they_were(server):
    called = answer(server, tools=[WEATHER], tool_choice="required")["choices"][0]["message"]
    history = [
        {"role": "developer", "content": "Be short."}, {"role": "user", "name": "ann", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": "Hello!", "refusal": None, "audio": None, "reasoning_content": "", "tool_calls": None},
        *QUESTION, called,
        {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": [{"type": "text", "text": "82"}]}]
    assert text(answer(server, messages=history, tools=[WEATHER]))
    del called["content"]
    assert text(answer(server, messages=history, tools=[WEATHER]))


def test_29_a_schema_two_levels_down_or_refused_by_keyword(server):
    schema = {
        "$defs": {"C": {"enum": ["red", "blue"], "title": "C", "type": "string"}}, "title": "T", "type": "object",
        "properties": {"c": {"$ref": "#/$defs/C"}, "n": {"anyOf": [{"type": "null"}, {"const": 1}], "default": None}},
        "required": ["c", "n"], "additionalProperties": False}
    form = lambda schema: {"type": "json_schema", "json_schema": {"name": "t", "schema": schema, "strict": True}}
    found = json.loads(text(answer(server, response_format=form(schema))))
    assert found["c"] in ("red", "blue") and found["n"] in (None, 1)
    status, error = wire.error(server, response_format=form({"type": "object", "dependentSchemas": {}}))
    assert status == 400 and "dependentSchemas" in error["message"] and error["code"] == "unsupported_parameter"


def test_30_json_object_is_an_object_that_ends(server):
    ended = 0
    for seed in range(8):
        choice = answer(server, response_format={"type": "json_object"}, temperature=1, seed=seed, max_tokens=800)["choices"][0]
        if choice["finish_reason"] == "stop":
            assert isinstance(json.loads(choice["message"]["content"]), dict)
            ended += 1
        # No run of white space is longer than a line break with indentation.
        assert " " * 25 not in choice["message"]["content"] and "\n\n\n" not in choice["message"]["content"]
    assert ended


def test_31_usage_is_there_and_adds_up(server):
    for usage in (answer(server)["usage"], answer(server, "/v1/completions", prompt="one", max_tokens=2)["usage"]):
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert usage["prompt_tokens_details"]["cached_tokens"] >= 0


def test_32_the_model_is_named_as_asked(start):
    server = start("--alias", "gpt-4o-mini")
    assert answer(server)["model"] == answer(server, model="gpt-4o-mini")["model"] == "gpt-4o-mini"
    assert {event["model"] for event in wire.stream(server)} == {"gpt-4o-mini"}
    status, error = wire.error(server, model="gpt-4o")
    assert status == 404 and error["code"] == "model_not_found" and "gpt-4o-mini" in error["message"]


def test_34_vectors_in_base64_are_what_they_are_as_numbers(server):
    numbers, coded = (answer(server, "/v1/embeddings", input="fox", encoding_format=form)["data"][0]["embedding"]
                      for form in ("float", "base64"))
    decoded = struct.unpack(f"<{len(numbers)}f", base64.b64decode(coded))
    assert decoded == pytest.approx(numbers, abs=1e-6)
    assert wire.error(server, "/v1/embeddings", input=[])[0] == 400


def test_35_foreign_token_ids_are_refused_with_a_hint(server):
    status, error = wire.error(server, "/v1/embeddings", input=[[99999, 1]])
    assert status == 400 and "check_embedding_ctx_length" in error["message"]
    assert len(answer(server, "/v1/embeddings", input=[[5, 6], [7]])["data"]) == 2


def test_36_biases_by_token_id(server):
    plain = answer(server, logprobs=True)
    (first, *_) = answer(server, "/tokenize", content=plain["choices"][0]["logprobs"]["content"][0]["token"])["tokens"]
    assert text(answer(server, logit_bias={str(first): -100})) != text(plain)
    assert answer(server, "/v1/completions", prompt="a", max_tokens=3, logit_bias={str(first): 100}, temperature=0)
    for wrong in ({"999999": 1}, {"x": 1}, {"5": "1"}, {"5": 101}):
        status, error = wire.error(server, logit_bias=wrong)
        assert status == 400 and "logit_bias" in (error["param"] or "") + error["message"], wrong


def test_37_a_context_that_overflows(server):
    status, error = wire.error(server, messages=[{"role": "user", "content": "one two " * 4000}])
    assert status == 400 and error["code"] == "context_length_exceeded"
    assert f"maximum context length is {error['n_ctx']} tokens" in error["message"]
    assert error["n_prompt_tokens"] > error["n_ctx"] and str(error["n_prompt_tokens"]) in error["message"]
    # What fits by itself is answered, up to where the context ends.
    assert text(answer(server, max_tokens=1_000_000))


def test_43_the_seed_says_all(server):
    body = {"messages": STORY, "temperature": 1, "max_tokens": 60}
    alone = text(answer(server, seed=5, cache_prompt=False, **body))
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        seeds = [5, 1, 2, 5, 3, 4, 5, 6, 7, 5]
        together = list(pool.map(lambda seed: text(answer(server, seed=seed, **body)), seeds))
    assert [answer for seed, answer in zip(seeds, together) if seed == 5] == [alone] * 4 and len(set(together)) > 1


def test_44_temperature_0_is_the_likeliest(server):
    assert len({text(answer(server, messages=STORY, seed=seed, top_p=top_p, max_tokens=40))
                for seed in (1, 2) for top_p in (0.1, 1)}) == 1
    items = answer(server, messages=STORY, max_tokens=40, logprobs=True, top_logprobs=1)["choices"][0]["logprobs"]["content"]
    assert all(item["token"] == item["top_logprobs"][0]["token"] for item in items)


def test_45_words_of_other_servers_are_taken(server):
    extras = {
        "top_k": 40, "min_p": 0.05, "repetition_penalty": 1.1, "repeat_penalty": 1.1, "ignore_eos": False,
        "cache_prompt": True, "chat_template_kwargs": {}, "add_generation_prompt": True}
    assert text(answer(server, **extras))
    for choice in (answer(server, n_probs=3)["choices"][0], answer(server, n_probs=0)["choices"][0]):
        items = (choice["logprobs"] or {}).get("content")
        assert items is None or all(len(item["top_logprobs"]) == 3 for item in items)
    words = answer(server, "/v1/completions", prompt="a", max_tokens=1, n_probs=2, temperature=0)["choices"][0]["logprobs"]
    assert words["top_logprobs"]
    whole = text(answer(server))
    begun = [*QUESTION, {"role": "assistant", "content": whole[:2]}]
    assert text(answer(server, messages=begun, continue_final_message=True)) == whole[2:]
    for wrong in ({}, {"messages": begun, "add_generation_prompt": True}):
        assert wire.error(server, continue_final_message=True, **wrong)[0] == 400
    assert wire.stream(server, timings_per_token=True, return_progress=True)
    for constraint in ({"structured_outputs": {"choice": ["yes"]}}, {"guided_choice": ["yes"]}, {"guided_regex": "yes"},
                       {"guided_json": {"const": "yes"}}, {"grammar": 'root ::= "yes"'}, {"guided_grammar": 'root ::= "yes"'}):
        assert text(answer(server, **constraint)).strip('"') == "yes"
