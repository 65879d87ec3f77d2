"""Output that must fit a schema: the official client's parse(), random schemas checked by jsonschema, tool choices."""

import collections
import json
from enum import Enum

import openai
import pydantic
import pytest

import random_schemas

QUESTION = [{"role": "user", "content": "Tell me a story about a fox and a ball."}]


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


@pytest.fixture
def model(client):
    return client.models.list().data[0].id


class Colour(Enum):
    red = "red"
    blue = "blue"


class Animal(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=20)
    legs: int = pydantic.Field(ge=0, le=8)
    colour: Colour
    friend: "Animal | None"
    tags: list[str] = pydantic.Field(max_length=3)
    size: tuple[int, float]


def first_whole(answer_of_seed):
    """A small model may go on with friends of friends up to the token limit, which is its right; not with every seed."""
    for seed in range(12):
        try:
            return answer_of_seed(seed)
        except openai.LengthFinishReasonError:
            continue
    raise AssertionError("no answer ended")


def test_parse_gives_the_clients_own_class(client, model):
    answer = first_whole(lambda seed: client.chat.completions.parse(
        model=model, messages=QUESTION, response_format=Animal, temperature=1, seed=seed, max_tokens=1500))
    assert isinstance(answer.choices[0].message.parsed, Animal)


def test_a_stream_parses_too(client, model):
    def answer_of(seed):
        with client.chat.completions.stream(
                model=model, messages=QUESTION, response_format=Animal, temperature=1, seed=seed, max_tokens=1500) as stream:
            return stream.get_final_completion()

    assert isinstance(first_whole(answer_of).choices[0].message.parsed, Animal)


def test_random_schemas_are_kept(server):
    endings = random_schemas.check(server.url, schemas=40, generations=2, seed=7)
    # Those that go on up to the token limit may go on for ever, which `check` makes sure of.
    assert endings["stop"] > 0.95 * endings.total(), endings


def test_what_goes_on_for_ever_is_brought_to_an_end(client, model):
    """Friends of friends of friends: the document is whole whenever the tokens run out, and said to be cut."""
    endings = collections.Counter()
    for tokens in (80, 120, 200):
        answer = client.chat.completions.create(
            model=model, messages=QUESTION, temperature=1, seed=tokens, n=4, max_tokens=tokens,
            response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": Animal.model_json_schema()}})
        for choice in answer.choices:
            Animal.model_validate_json(choice.message.content)
            endings[choice.finish_reason] += 1
        assert answer.usage.completion_tokens <= 4 * tokens
    assert endings["length"] > 0, endings


def test_a_call_of_a_tool_is_not_made_by_half(client, model):
    tools = [{"type": "function", "function": {"name": "remove", "parameters": {
        "type": "object", "properties": {"path": {"type": "string", "minLength": 40}}, "required": ["path"]}}}]
    (choice,) = client.chat.completions.create(
        model=model, messages=QUESTION, tools=tools, tool_choice="required", temperature=1, seed=1, max_tokens=30).choices
    assert choice.finish_reason == "length"
    for call in choice.message.tool_calls or []:
        with pytest.raises(json.JSONDecodeError):
            json.loads(call.function.arguments)


def test_a_required_tool_is_called(client, model):
    tools = [{"type": "function", "function": {"name": name, "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "maxLength": 30}}, "required": ["city"]}}}
        for name in ("get_weather", "get_time")]
    for choice, names in [("required", {"get_weather", "get_time"}),
                          ({"type": "function", "function": {"name": "get_time"}}, {"get_time"})]:
        answer = client.chat.completions.create(
            model=model, messages=QUESTION, tools=tools, tool_choice=choice, parallel_tool_calls=False, temperature=0)
        (call,) = answer.choices[0].message.tool_calls
        assert call.function.name in names and isinstance(json.loads(call.function.arguments)["city"], str)
        assert answer.choices[0].finish_reason == "tool_calls"


def test_a_schema_that_is_none_is_a_bad_request(client, model):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model=model, messages=QUESTION, response_format={"type": "json_schema", "json_schema": {
                "name": "s", "schema": {"type": "object", "properties": {"a": {"contains": {}}}}}})
    assert caught.value.param == "response_format.json_schema.schema" and "'contains' at '/properties/a'" in str(caught.value)
