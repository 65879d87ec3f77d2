"""A session with instructor: pydantic models out of tool calls, JSON schemas and plain JSON, whole and in parts."""

from typing import Literal

import instructor
import openai
import pydantic
import pytest

QUESTION = [{"role": "user", "content": "Tell me about a fox named Ben who is 3 years old."}]
MODES = [instructor.Mode.TOOLS, instructor.Mode.TOOLS_STRICT, instructor.Mode.JSON_SCHEMA, instructor.Mode.JSON]


class Animal(pydantic.BaseModel):
    """An animal of a story."""

    name: str = pydantic.Field(max_length=20)
    age: int = pydantic.Field(ge=0, le=30)
    kind: Literal["fox", "bear"]


@pytest.fixture
def settings():
    return {"model": "drover-demo", "messages": QUESTION, "max_tokens": 300, "temperature": 0, "max_retries": 0}


def client(server, mode):
    return instructor.from_openai(openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0), mode=mode)


@pytest.mark.parametrize("mode", MODES[:3], ids=str)
def test_a_model_of_its_own(server, settings, mode):
    assert isinstance(client(server, mode).chat.completions.create(response_model=Animal, **settings), Animal)


@pytest.mark.parametrize("mode", MODES[:3], ids=str)
def test_parts_while_they_come(server, settings, mode):
    parts = list(client(server, mode).chat.completions.create_partial(response_model=Animal, **settings))
    # A call comes once it is whole.
    assert mode != instructor.Mode.JSON_SCHEMA or len(parts) > 1 and parts[0].kind is None
    Animal.model_validate(parts[-1].model_dump())


def test_json_mode_gives_an_object(server, settings):
    class Anything(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")

    settings["max_tokens"] = 1000
    for seed in range(10):
        settings |= {"seed": seed, "temperature": 1}
        try:
            answer = client(server, instructor.Mode.JSON).chat.completions.create(response_model=Anything, **settings)
        except instructor.core.exceptions.IncompleteOutputException:
            # A small model may go on up to the limit, which is its right; not with every seed.
            continue
        assert isinstance(answer, Anything)
        return
    raise AssertionError("no answer ended")


def test_several_of_them(server, settings):
    settings["messages"] = [{"role": "user", "content": "Tell me about a fox and a bear."}]
    animals = list(client(server, instructor.Mode.TOOLS).chat.completions.create_iterable(
        response_model=Animal, **settings | {"max_tokens": 600, "seed": 1}))
    assert all(isinstance(animal, Animal) for animal in animals)


def test_the_answer_beside_the_model(server, settings):
    animal, completion = client(server, instructor.Mode.TOOLS).chat.completions.create_with_completion(
        response_model=Animal, **settings)
    assert isinstance(animal, Animal) and completion.usage.completion_tokens > 0
