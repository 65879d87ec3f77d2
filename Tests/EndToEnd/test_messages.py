"""Anthropic's Messages API with its official client."""

import json

import anthropic
import pytest

from test_keys import new_key
from test_openapi import validate

MODEL = "drover-demo"
TOOLS = [{
    "name": "get_weather", "description": "Get the weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}]


@pytest.fixture(scope="module")
def client(server):
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0)


def user(text):
    return [{"role": "user", "content": text}]


def test_a_message_is_answered_whole_and_streamed(client):
    arguments = {
        "model": MODEL, "max_tokens": 40, "extra_body": {"temperature": 0}, "messages": user("What is 47 + 35?")}
    whole = client.messages.create(**arguments)
    validate(whole.model_dump(mode="json", exclude_unset=True), "AnthropicMessage")
    assert "82" in whole.content[0].text and whole.stop_reason == "end_turn"
    with client.messages.stream(**arguments) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == final.content[0].text == whole.content[0].text and final.stop_reason == "end_turn"
    assert final.usage.output_tokens == whole.usage.output_tokens
    usage = final.usage.input_tokens + final.usage.cache_read_input_tokens
    assert usage == whole.usage.input_tokens + whole.usage.cache_read_input_tokens
    counted = client.messages.count_tokens(model=MODEL, messages=arguments["messages"])
    assert counted.input_tokens == usage


def test_the_events_come_in_order(client):
    stream = client.messages.create(
        model=MODEL, max_tokens=40, extra_body={"temperature": 0}, messages=user("What is 47 + 35?"), stream=True)
    kinds = [event.type for event in stream]
    deltas = kinds.count("content_block_delta")
    # The client keeps pings to itself, or not.
    assert deltas >= 1 and [kind for kind in kinds if kind != "ping"] == [
        "message_start", "content_block_start", *["content_block_delta"] * deltas, "content_block_stop",
        "message_delta", "message_stop"]
    # Not kept back to the end. The short answer above may be made before the first write.
    long = client.messages.create(
        model=MODEL, max_tokens=1000, extra_body={"ignore_eos": True}, messages=user("Tell me a story."), stream=True)
    assert [event.type for event in long].count("content_block_delta") > 1


def test_a_tool_is_used_and_answered(client):
    question = user("What is the weather in Paris?")
    arguments = {"model": MODEL, "max_tokens": 60, "extra_body": {"temperature": 0}, "tools": TOOLS}
    used = client.messages.create(**arguments, messages=question, tool_choice={"type": "any"})
    block = used.content[0]
    assert (block.type, block.name, used.stop_reason) == ("tool_use", "get_weather", "tool_use")
    with client.messages.stream(
            **arguments, messages=question, tool_choice={"type": "tool", "name": "get_weather"}) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        assert stream.get_final_message().content[0].input == block.input
    assert json.loads("".join(pieces)) == block.input
    result = {
        "type": "tool_result", "tool_use_id": block.id, "content": [{"type": "text", "text": '{"temperature": 21}'}]}
    answer = client.messages.create(
        **arguments, messages=question + [
            {"role": "assistant", "content": used.content}, {"role": "user", "content": [result]}])
    assert answer.content[0].type == "text" and answer.stop_reason == "end_turn"


def test_it_ends_at_a_stop_sequence_or_the_limit(client):
    arguments = {
        "model": MODEL, "extra_body": {"temperature": 0}, "messages": user("What is 47 + 35?"), "system": "Be brief."}
    stopped = client.messages.create(**arguments, max_tokens=40, stop_sequences=["nothing", "="])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "=") and "=" not in stopped.content[0].text
    assert client.messages.create(**arguments, max_tokens=2).stop_reason == "max_tokens"


@pytest.mark.parametrize("fields, error, param", [
    ({"model": "other"}, anthropic.NotFoundError, "model"),
    ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, anthropic.BadRequestError, "thinking"),
    ({"messages": user([{"type": "image", "source": {}}])}, anthropic.BadRequestError, "messages[0].content[0].type"),
    ({"messages": user("one two three " * 5000)}, anthropic.BadRequestError, "messages"),
])
def test_refusals_have_anthropics_shape(client, fields, error, param):
    with pytest.raises(error) as failure:
        client.messages.create(**({"model": MODEL, "max_tokens": 5, "messages": user("x")} | fields))
    body = failure.value.body
    assert body["type"] == "error" and body["error"]["param"] == param
    assert body["error"]["type"] in ("invalid_request_error", "not_found_error")


def test_the_key_is_asked_for_in_anthropics_shape(start, tmp_path):
    keys = tmp_path / "keys.yaml"
    key = new_key(keys, "alice")
    server = start("--api-key-file", str(keys), "--open-routes", "/health/ready")

    def ask(key):
        client = anthropic.Anthropic(base_url=server.url, api_key=key, max_retries=0)
        return client.messages.create(model=MODEL, max_tokens=5, messages=user("x"))

    assert ask(key).role == "assistant"
    with pytest.raises(anthropic.AuthenticationError) as failure:
        ask("wrong")
    assert failure.value.body["error"]["type"] == "authentication_error"
