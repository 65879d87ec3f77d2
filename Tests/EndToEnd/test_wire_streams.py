"""Details 12 to 26 of what clients depend on (api.md 3): the events of a stream, and log-probabilities."""

import json

import pytest

import wire
from wire import CHAT, STORY, WEATHER, answer, connect, send, stream

STRANGE = "a\u2028b\u2029c\rd\ne\u0085 \U0001f600 é ☃"


def texts(events, index=0):
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"]
                   if choice["index"] == index)


def test_12_an_event_is_one_line(server):
    body = {"messages": STORY, "stream": True, "structured_outputs": {"choice": [STRANGE]}}
    _, _, content = send(connect(server), "POST", CHAT, body)
    text = content.decode()
    lines = [line for line in text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines) and "\r" not in text
    # Neither Python's splitlines nor a client that splits at CR sees more lines.
    assert [line for line in text.splitlines() if line] == lines
    assert texts([json.loads(line[6:]) for line in lines[:-1]]) == STRANGE


def test_13_no_ids_no_retry(server):
    _, _, content = send(connect(server), "POST", CHAT, {"messages": STORY, "stream": True, "max_tokens": 200})
    fields = {line.split(b":")[0] for line in content.split(b"\n") if line}
    assert fields <= {b"data", b""}


def test_14_a_failure_in_mid_stream_is_an_event(server):
    connection = connect(server)
    connection.request("POST", CHAT, json.dumps(
        {"messages": STORY, "stream": True, "ignore_eos": True, "max_tokens": 3500, "temperature": 1}))
    response = connection.getresponse()
    first = json.loads(response.readline().removeprefix(b"data: "))
    assert send(connect(server), "DELETE", "/v1/requests/" + first["id"])[0] == 200
    events = response.read().decode().lstrip().split("\n\n")
    # Behind it [DONE], for scripts that wait for it.
    assert events.pop() == "" and events.pop() == "data: [DONE]"
    failure = json.loads(events.pop().removeprefix("data: "))["error"]
    assert failure["message"] and failure["type"] and isinstance(failure["code"], str)
    assert all("error" not in json.loads(event.removeprefix("data: ")) for event in events)


def test_15_role_and_names_come_once(server):
    events = stream(server, n=2)
    roles = [(choice["index"], choice["delta"]["role"]) for event in events for choice in event["choices"]
             if "role" in choice["delta"]]
    assert sorted(roles) == [(0, "assistant"), (1, "assistant")]


@pytest.fixture(scope="module")
def calls(server):
    """The events of a call, and of each its deltas."""
    events = stream(server, tools=[WEATHER], tool_choice="required", parallel_tool_calls=False)
    return events, [delta for event in events for delta in event["choices"][0]["delta"].get("tool_calls", [])]


def test_16_each_delta_of_a_call_has_index_and_function(calls):
    _, deltas = calls
    # How many pieces there are depends on how fast they are taken.
    assert len(deltas) > 1 and deltas[0]["function"]["arguments"] == ""
    assert all(delta["index"] == 0 and isinstance(delta["function"], dict) for delta in deltas)
    assert [delta["function"].get("name") for delta in deltas] == ["get_weather"] + [None] * (len(deltas) - 1)
    assert deltas[0]["id"] and not any("id" in delta for delta in deltas[1:])


def test_17_arguments_are_text_that_adds_up(server, calls):
    _, deltas = calls
    assert "city" in json.loads("".join(delta["function"]["arguments"] for delta in deltas))
    message = answer(server, tools=[WEATHER], tool_choice="required")["choices"][0]["message"]
    assert "content" in message and message["content"] is None
    assert isinstance(message["tool_calls"][0]["function"]["arguments"], str)


def test_18_the_reason_comes_last_and_alone(server, calls):
    for events, reason in [(calls[0], "tool_calls"), (stream(server), "stop"), (stream(server, max_tokens=2), "length")]:
        reasons = [event["choices"][0]["finish_reason"] for event in events]
        assert reasons == [None] * (len(events) - 1) + [reason] and events[-1]["choices"][0]["delta"] == {}


@pytest.mark.parametrize("path, body", [(CHAT, {}), ("/v1/completions", {"prompt": "one two", "max_tokens": 5})])
def test_19_usage_comes_only_when_asked_for(server, path, body):
    assert all("usage" not in event and event["choices"] for event in stream(server, path, **body))
    *others, last = stream(server, path, stream_options={"include_usage": True}, **body)
    assert last["choices"] == [] and last["usage"]["total_tokens"] > 0
    assert all(event["usage"] is None and event["choices"] for event in others)


def test_20_several_choices_are_one_stream_with_one_usage(server):
    events = stream(server, n=3, temperature=1, seed=3, stream_options={"include_usage": True})
    whole = answer(server, n=3, temperature=1, seed=3)
    assert [texts(events, index) for index in range(3)] == [c["message"]["content"] for c in whole["choices"]]
    usage = [event["usage"] for event in events if event["usage"]]
    assert len(usage) == 1 and usage[0]["completion_tokens"] == whole["usage"]["completion_tokens"]
    assert usage[0]["prompt_tokens"] == answer(server)["usage"]["prompt_tokens"]


def test_21_id_time_and_fingerprint_stay(server):
    events = stream(server)
    assert len({(event["id"], event["created"], event["system_fingerprint"]) for event in events}) == 1
    assert answer(server)["system_fingerprint"] == events[0]["system_fingerprint"]


def test_22_no_part_of_a_stop_string_leaks(server):
    whole = answer(server, messages=STORY, max_tokens=60)["choices"][0]["message"]["content"]
    for start, length in [(10, 3), (15, 9), (20, 14)]:
        stop = whole[start:start + length]
        events = stream(server, messages=STORY, max_tokens=60, stop=[stop])
        assert texts(events) == whole[:whole.index(stop)] and events[-1]["choices"][0]["finish_reason"] == "stop"


def test_23_text_is_whole_characters_and_bytes_are_all(server):
    events = stream(server, structured_outputs={"choice": [STRANGE]}, logprobs=True)
    assert texts(events) == STRANGE and not any("\ufffd" in texts([event]) for event in events)
    tokens = [item for event in events for item in (event["choices"][0]["logprobs"] or {}).get("content", [])]
    assert bytes(byte for item in tokens for byte in item["bytes"]).decode() == STRANGE
    plain = stream(server, logprobs=True)
    items = [item for event in plain for item in (event["choices"][0]["logprobs"] or {}).get("content", [])]
    assert "".join(item["token"] for item in items if "<|" not in item["token"]) == texts(plain)


def test_24_log_probabilities_come_with_their_text_and_are_numbers(server):
    whole = answer(server, messages=STORY, max_tokens=40)["choices"][0]["message"]["content"]
    body = {"messages": STORY, "max_tokens": 40, "stop": [whole[30:38]], "logprobs": True, "top_logprobs": 20,
            "structured_outputs": {"regex": "(?:.|\n)*"}}
    text, tokens = "", ""
    for event in stream(server, **body):
        (choice,) = event["choices"]
        items = (choice["logprobs"] or {}).get("content") or []
        text += choice["delta"].get("content") or ""
        tokens += bytes(byte for item in items for byte in item["bytes"]).decode()
        # They come with the first letter of their token, and not before.
        assert text.startswith(tokens) or tokens.startswith(text)
        assert all(-9999 <= other["logprob"] <= 0 for item in items for other in [item, *item["top_logprobs"]])
    assert tokens and whole.startswith(text)


def test_25_without_top_logprobs_there_are_none(server):
    items = answer(server, logprobs=True)["choices"][0]["logprobs"]["content"]
    assert items and all(item["top_logprobs"] == [] for item in items)
    status, error = wire.error(server, top_logprobs=2)
    assert status == 400 and error["param"] == "top_logprobs"


@pytest.mark.parametrize("count", [0, 2])
def test_26_completions_have_the_older_shape(server, count):
    asked = {"prompt": "one two", "max_tokens": 3, "seed": 7, "logprobs": count}
    logprobs = answer(server, "/v1/completions", **asked)["choices"][0]["logprobs"]
    assert set(logprobs) == {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
    assert len(logprobs["tokens"]) == len(logprobs["token_logprobs"]) == len(logprobs["text_offset"]) == 3
    # The token that was drawn comes besides, when it is none of the likeliest.
    assert all(max(count, 1) <= len(top) <= count + 1 for top in logprobs["top_logprobs"] or [])
