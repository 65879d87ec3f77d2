"""OpenAI's Responses API with the official client (api.md 3: details 39 and 40)."""

import pathlib
import resource
import subprocess

import openai
import pydantic
import pytest

from conftest import BINARY
from test_openapi import validate

MODEL = "drover-demo"
TOOLS = [{
    "type": "function", "name": "get_weather", "description": "Get the weather of a city", "strict": True,
    "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": False}}]


@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def test_a_conversation_continues_from_a_stored_response(client):
    first = client.responses.create(
        model=MODEL, input="What is 47 + 35?", temperature=0, instructions="Be brief.", metadata={"a": "b"})
    validate(first.model_dump(mode="json"), "Response")
    assert "82" in first.output_text and first.status == "completed" and first.metadata == {"a": "b"}
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens
    second = client.responses.create(model=MODEL, input="And 10 + 11?", previous_response_id=first.id, temperature=0)
    assert "21" in second.output_text and second.previous_response_id == first.id
    assert second.usage.input_tokens > 30 and second.usage.output_tokens_details.reasoning_tokens == 0
    assert client.responses.retrieve(first.id).output == first.output
    items = list(client.responses.input_items.list(second.id))
    assert [item.content[0].text for item in items] == ["And 10 + 11?"]
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError) as failure:
        client.responses.create(model=MODEL, input="And?", previous_response_id=first.id)
    assert failure.value.param == "previous_response_id"


def test_a_stream_has_the_events_of_a_message_in_order(client):
    arguments = {"model": MODEL, "input": "What is 47 + 35?", "temperature": 0}
    with client.responses.stream(**arguments) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events]
    deltas = kinds.count("output_text.delta")
    assert deltas >= 1 and kinds == [
        "created", "in_progress", "output_item.added", "content_part.added", *["output_text.delta"] * deltas,
        "output_text.done", "content_part.done", "output_item.done", "completed"]
    assert len({event.item_id for event in events if hasattr(event, "item_id")}) == 1
    assert final.output_text == client.responses.create(**arguments).output_text
    assert final.output_text == "".join(event.delta for event in events if event.type.endswith("text.delta"))
    # Not kept back to the end. The short answer above may be made before the first write.
    long = client.responses.create(
        model=MODEL, input="Tell me a story.", max_output_tokens=1000, extra_body={"ignore_eos": True}, stream=True)
    assert [event.type for event in long].count("response.output_text.delta") > 1


def test_a_tool_is_called_and_answered(client):
    arguments = {"model": MODEL, "tools": TOOLS, "temperature": 0}
    question = "What is the weather in Paris?"
    called = client.responses.create(**arguments, input=question, tool_choice="required")
    call = called.output[0]
    assert (call.type, call.name, call.status) == ("function_call", "get_weather", "completed")
    answer = {"type": "function_call_output", "call_id": call.call_id, "output": '{"temperature": 21}'}
    stored = client.responses.create(**arguments, input=[answer], previous_response_id=called.id)
    assert stored.output_text
    # The same without the server's memory.
    items = [{"role": "user", "content": question}, call.model_dump(exclude_none=True), answer]
    assert client.responses.create(**arguments, input=items, store=False).output_text == stored.output_text
    with client.responses.stream(**arguments, input=question, tool_choice="required") as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type.removeprefix("response.") for event in events]
    pieces = [event.delta for event in events if event.type.endswith("arguments.delta")]
    assert pieces and kinds == [
        "created", "in_progress", "output_item.added", *["function_call_arguments.delta"] * len(pieces),
        "function_call_arguments.done", "output_item.done", "completed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[2].item.arguments == "" and "".join(pieces) == call.arguments == final.output[0].arguments


def test_a_model_is_parsed(client):
    class Sum(pydantic.BaseModel):
        result: int = pydantic.Field(ge=0, le=200)

    parsed = client.responses.parse(model=MODEL, input="What is 47 + 35?", text_format=Sum, temperature=0)
    assert 0 <= parsed.output_parsed.result <= 200


def test_40_what_is_cut_is_incomplete(client):
    cut = client.responses.create(model=MODEL, input="Tell me a story.", max_output_tokens=5, temperature=0)
    assert cut.status == "incomplete" and cut.incomplete_details.reason == "max_output_tokens"
    with client.responses.stream(
        model=MODEL, input="Tell me a story.", max_output_tokens=5, temperature=0) as stream:
        assert [event.type for event in stream][-1] == "response.incomplete"


def test_truncation_leaves_out_the_oldest(client):
    long = [{"role": "user", "content": "one two three " * 100}] * 20
    long.append({"role": "user", "content": "What is 47 + 35?"})
    with pytest.raises(openai.BadRequestError) as failure:
        client.responses.create(model=MODEL, input=long)
    assert failure.value.code == "context_length_exceeded"
    answer = client.responses.create(model=MODEL, input=long, truncation="auto", max_output_tokens=16)
    assert answer.usage.input_tokens < 4096 and answer.truncation == "auto"


def test_a_running_response_is_cancelled(client):
    stream = client.responses.create(
        model=MODEL, input="Tell me a story.", stream=True, extra_body={"ignore_eos": True})
    created = next(stream).response
    assert client.responses.retrieve(created.id).status == "in_progress"
    assert client.responses.cancel(created.id).status == "cancelled"
    assert [event.type for event in stream][-1] == "response.failed"
    assert client.responses.retrieve(created.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.responses.cancel(created.id)


def test_input_tokens_are_counted(client):
    answer = client.responses.create(model=MODEL, input="What is 47 + 35?", max_output_tokens=1)
    counted = client.responses.input_tokens.count(model=MODEL, input="What is 47 + 35?")
    assert counted.input_tokens == answer.usage.input_tokens


@pytest.mark.parametrize("fields, param", [
    ({"background": True}, "background"), ({"include": ["file_search_call.results"]}, "include[0]"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"), ({"conversation": "c"}, "conversation"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"), ({"n": 2}, "n"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content[0].type"),
    ({"text": {"format": {"type": "xml"}}}, "text.format.type"), ({"top_logprobs": 2}, "top_logprobs"),
    ({"input": [{"type": "function_call_output", "call_id": "no", "output": "x"}]}, "input"),
])
def test_what_is_not_honoured_is_refused_by_name(client, fields, param):
    with pytest.raises(openai.BadRequestError) as failure:
        client.responses.create(model=MODEL, **({"input": "x"} | {k: v for k, v in fields.items() if k == "input"}),
                                extra_body={k: v for k, v in fields.items() if k != "input"})
    assert failure.value.param == param


def client_of(server, key="none"):
    return openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "state")


def said(client, previous, **others):
    return client.responses.create(
        model=MODEL, input="What is my name?", previous_response_id=previous, temperature=0, **others)


def test_stored_responses_outlive_the_process(start, folder, tmp_path):
    arguments = ("--state-dir", folder, "--cache-dir", str(tmp_path / "cache"))
    server = start(*arguments)
    client = client_of(server)
    question = "My name is Anna. " + "I like long walks. " * 30
    first = client.responses.create(model=MODEL, input=question, temperature=0)
    whole = said(client, first.id)
    streams = client.responses.create(
        model=MODEL, input="And yours?", previous_response_id=whole.id, stream=True, temperature=0)
    # Whoever has seen the last event finds the response, also if the server was killed as it went out.
    last = [event.response for event in streams if hasattr(event, "response")][-1]
    server.process.kill()
    server.process.wait()
    server = start(*arguments)
    client = client_of(server)
    for response in (first, whole, last):
        assert client.responses.retrieve(response.id).to_dict() == response.to_dict()
    assert [item.content[0].text for item in client.responses.input_items.list(first.id)] == [question]
    again = said(client, first.id)
    assert again.output_text == whole.output_text and again.usage.input_tokens == whole.usage.input_tokens
    assert said(client, first.id).usage.input_tokens_details.cached_tokens >= 64
    # What is in the middle of a conversation cannot be left out of it.
    client.responses.delete(whole.id)
    assert client.responses.retrieve(last.id).id == last.id
    with pytest.raises(openai.NotFoundError, match=whole.id) as failure:
        said(client, last.id)
    assert failure.value.code == "previous_response_not_found"
    assert server.stop() == 0
    client = client_of(start(*arguments))
    assert client.responses.retrieve(last.id).status == "completed"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(whole.id)


def test_without_a_folder_a_restart_forgets(start):
    server = start()
    client = client_of(server)
    first = client.responses.create(model=MODEL, input="Hi", max_output_tokens=5, temperature=0)
    assert client.responses.retrieve(first.id).status == first.status == "incomplete"
    server.stop()
    with pytest.raises(openai.NotFoundError):
        client_of(start()).responses.retrieve(first.id)


def test_what_is_not_to_be_stored_is_not(start, folder):
    client = client_of(start("--state-dir", folder))
    secret = "the password is swordfish"
    kept = client.responses.create(model=MODEL, input="Hi", max_output_tokens=5)
    answer = said(client, kept.id, store=False, instructions=secret, max_output_tokens=5)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)
    found = b"".join(path.read_bytes() for path in pathlib.Path(folder).iterdir() if path.is_file())
    assert kept.id.encode() in found and answer.id.encode() not in found and secret.encode() not in found


def test_a_key_sees_its_own_responses_only(start, folder, tmp_path):
    file = tmp_path / "keys.yaml"
    keys = [
        subprocess.run([BINARY, "key", "new", name, "--file", file], check=True, capture_output=True, text=True)
        .stdout.split()[-1] for name in ("alice", "bob")]
    arguments = ("--state-dir", folder, "--api-key-file", str(file), "--open-routes", "/health/ready")
    server = start(*arguments)
    first = client_of(server, keys[0]).responses.create(model=MODEL, input="Hi", max_output_tokens=5)
    for restarts in (False, True):
        if restarts:
            server.stop()
            server = start(*arguments)
        alice, bob = (client_of(server, key) for key in keys)
        for call in (
            lambda: bob.responses.retrieve(first.id), lambda: bob.responses.delete(first.id),
            lambda: bob.responses.cancel(first.id), lambda: list(bob.responses.input_items.list(first.id)),
            lambda: said(bob, first.id),
        ):
            with pytest.raises(openai.NotFoundError):
                call()
        assert alice.responses.retrieve(first.id).id == first.id


def test_a_disk_that_fails_costs_the_storing_not_the_answer(start, folder):
    server = start("--state-dir", folder, log=subprocess.PIPE)
    client = client_of(server)
    kept = client.responses.create(model=MODEL, input="Hi", max_output_tokens=5)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    # Whatever is drawn, five tokens are not all of it.
    cut = {"model": MODEL, "input": "Hi", "max_output_tokens": 5, "extra_body": {"ignore_eos": True}}
    lost = [client.responses.create(**cut) for _ in range(3)]
    events = [event.type for event in client.responses.create(model=MODEL, input="Hi", stream=True, temperature=0)]
    assert events[-1] == "response.completed"
    assert kept.store
    for response in lost:
        assert response.status == "incomplete" and not response.store
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(response.id)
    assert client.responses.retrieve(kept.id).id == kept.id
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    last = client.responses.create(model=MODEL, input="Hi", max_output_tokens=5)
    assert client.responses.retrieve(last.id).id == last.id
    server.terminate()
    lines = server.process.communicate()[1].decode().splitlines()
    for words in ("responses are not stored", "responses are stored again"):
        assert sum(words in line for line in lines) == 1, lines


def test_a_file_that_is_no_database_is_refused_by_name(folder):
    path = pathlib.Path(folder, "responses.sqlite")
    path.parent.mkdir()
    path.write_bytes(b"no database " * 1000)
    failed = subprocess.run(
        [BINARY, "serve", "--port", "0", "--state-dir", folder], capture_output=True, text=True, timeout=60)
    assert failed.returncode == 1 and str(path) in failed.stderr, failed


def test_the_oldest_make_room(start, folder):
    client = client_of(start("--state-dir", folder, "--responses-bytes", "64KiB"))
    first = client.responses.create(model=MODEL, input="Hi", max_output_tokens=5)
    # An eighth is the most of one.
    with pytest.raises(openai.BadRequestError) as failure:
        client.responses.create(model=MODEL, input="Hi " * 3000, truncation="auto", max_output_tokens=5)
    assert failure.value.param == "store" and failure.value.code == "response_too_large"
    # One that grew beyond that is answered, and says that it is not kept.
    grown = client.responses.create(
        model=MODEL, input="one two " * 600, max_output_tokens=2500, extra_body={"ignore_eos": True})
    assert grown.usage.output_tokens == 2500 and not grown.store
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(grown.id)
    texts = [client.responses.create(model=MODEL, input="one two " * 300, max_output_tokens=5) for _ in range(20)]
    for gone in (first, texts[0]):
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(gone.id)
    assert client.responses.retrieve(texts[-1].id).id == texts[-1].id
