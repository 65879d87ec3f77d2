"""Output that must fit a schema: the official client's parse(), random schemas checked by jsonschema, tool choices."""

import json
import random
from enum import Enum

import jsonschema
import openai
import pydantic
import pytest

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


def test_parse_gives_the_clients_own_class(client, model):
    answer = client.chat.completions.parse(
        model=model, messages=QUESTION, response_format=Animal, temperature=1, seed=4, max_tokens=1500)
    assert isinstance(answer.choices[0].message.parsed, Animal)


def test_a_stream_parses_too(client, model):
    with client.chat.completions.stream(
            model=model, messages=QUESTION, response_format=Animal, temperature=1, seed=5, max_tokens=1500) as stream:
        answer = stream.get_final_completion()
    assert isinstance(answer.choices[0].message.parsed, Animal)


def random_schema(rng, depth=0):
    """Strings are bounded: a small model may fill one that is not up to the token limit, which is its right."""
    kinds = ["string", "integer", "number", "boolean", "null", "enum", "const"]
    kind = rng.choice(kinds + ["object", "array", "anyOf"] * (2 if depth < 3 else 0))
    if kind == "object":
        names = rng.sample(["a", "b", "name", "value", "x-y", "é", "two words"], rng.randint(0, 4))
        return {"type": "object", "properties": {n: random_schema(rng, depth + 1) for n in names},
                "required": [n for n in names if rng.random() < 0.6], "additionalProperties": False}
    if kind == "array":
        low = rng.randint(0, 2)
        return {"type": "array", "items": random_schema(rng, depth + 1), "minItems": low, "maxItems": low + rng.randint(0, 2)}
    if kind == "anyOf":
        return {"anyOf": [random_schema(rng, depth + 1) for _ in range(rng.randint(1, 3))]}
    if kind == "enum":
        return {"enum": rng.sample(["red", "green", 1, 2.5, None, True, "\"quoted\"", [1]], rng.randint(1, 4))}
    if kind == "const":
        return {"const": rng.choice(["yes", 3, False, {"k": [1, "v"]}])}
    if kind == "string":
        return rng.choice([
            {"type": "string", "maxLength": rng.randint(0, 12)}, {"type": "string", "pattern": "^[a-z]{2,5}(-[0-9]{1,4})?$"},
            {"type": "string", "minLength": 1, "maxLength": 9}, {"type": "string", "format": rng.choice(["date", "uuid", "ipv4"])}])
    if kind in ("integer", "number"):
        low = rng.randint(-50, 50)
        return {"type": kind} | rng.choice([
            {}, {"minimum": low}, {"minimum": low, "maximum": low + rng.randint(0, 300)}, {"exclusiveMaximum": low + 0.5}])
    return {"type": kind}


def test_random_schemas_are_kept(client, model):
    rng, checker = random.Random(7), jsonschema.FormatChecker()
    for number in range(60):
        schema = random_schema(rng)
        for seed in range(3):
            answer = client.chat.completions.create(
                model=model, messages=QUESTION, temperature=1, seed=seed, max_tokens=1200,
                response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": schema}})
            choice = answer.choices[0]
            assert choice.finish_reason == "stop", (number, schema, choice.message.content[:300])
            jsonschema.validate(json.loads(choice.message.content), schema, format_checker=checker)


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
                "name": "s", "schema": {"type": "object", "properties": {"a": {"not": {}}}}}})
    assert caught.value.param == "response_format.json_schema.schema" and "'not' at '/properties/a'" in str(caught.value)
