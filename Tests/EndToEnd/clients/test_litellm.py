"""A session with litellm, which speaks to an OpenAI-compatible server through models named openai/…"""

import asyncio
import json

import litellm
import pydantic
import pytest

QUESTION = [{"role": "user", "content": "What is 47 + 35?"}]
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a city.", "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "maxLength": 30}}, "required": ["city"]}}}


@pytest.fixture
def settings(server):
    return {"model": "openai/drover-demo", "api_base": server.url + "/v1", "api_key": "none", "temperature": 0,
            "num_retries": 0}


class Sum(pydantic.BaseModel):
    terms: list[int] = pydantic.Field(max_length=3)
    total: int


def test_whole_and_streamed_answers_are_the_same(settings):
    answer = litellm.completion(messages=QUESTION, **settings)
    assert "82" in answer.choices[0].message.content and answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    chunks = list(litellm.completion(
        messages=QUESTION, stream=True, stream_options={"include_usage": True}, **settings))
    assert litellm.stream_chunk_builder(chunks).choices[0].message.content == answer.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == answer.usage.completion_tokens


def test_async(settings):
    async def ask():
        stream = await litellm.acompletion(messages=QUESTION, stream=True, **settings)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert "82" in asyncio.run(ask())


def test_a_tool_conversation(settings):
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    answer = litellm.completion(messages=messages, tools=[WEATHER], tool_choice="required", **settings)
    (call,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls" and "city" in json.loads(call.function.arguments)
    chunks = list(litellm.completion(messages=messages, tools=[WEATHER], tool_choice="required", stream=True, **settings))
    (streamed,) = litellm.stream_chunk_builder(chunks).choices[0].message.tool_calls
    assert (streamed.function.name, streamed.function.arguments) == (call.function.name, call.function.arguments)
    messages += [answer.choices[0].message.model_dump(),
                 {"role": "tool", "tool_call_id": call.id, "content": "18 degrees, sunny"}]
    assert litellm.completion(messages=messages, tools=[WEATHER], **settings).choices[0].message.content


def test_structured_output(settings):
    answer = litellm.completion(messages=QUESTION, response_format=Sum, max_tokens=200, **settings)
    Sum.model_validate_json(answer.choices[0].message.content)


def test_embeddings_and_text_completion(settings):
    settings.pop("temperature")
    answer = litellm.embedding(input=["fox", "ball"], **settings)
    assert len(answer.data) == 2 and answer.usage.prompt_tokens > 0
    settings["model"] = "text-completion-openai/drover-demo"
    answer = litellm.text_completion(prompt="one two three one two", max_tokens=3, **settings)
    assert answer.usage.prompt_tokens > 0 and isinstance(answer.choices[0].text, str)


def test_errors_have_litellms_classes(settings):
    with pytest.raises(litellm.NotFoundError):
        litellm.completion(messages=QUESTION, **settings | {"model": "openai/other"})
    with pytest.raises(litellm.BadRequestError):
        litellm.completion(messages=QUESTION, **settings | {"temperature": 3})
    with pytest.raises(litellm.ContextWindowExceededError):
        litellm.completion(messages=[{"role": "user", "content": "one two " * 10000}], **settings)
