"""The official client, sync and async: whole and streamed answers, usage, stop strings, errors as its classes."""

import openai
import pytest

QUESTION = [{"role": "user", "content": "What is 47 + 35?"}]
STORY = [{"role": "user", "content": "Tell me a short story about a fox."}]


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


@pytest.fixture
def async_client(server):
    return openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


@pytest.fixture
def model(client):
    return client.models.list().data[0].id


def test_models_can_be_listed_and_retrieved(client, model):
    card = client.models.retrieve(model)
    assert (card.id, card.object) == (model, "model")


def test_a_chat_answer_is_whole(client, model):
    answer = client.chat.completions.create(model=model, messages=QUESTION, temperature=0)
    choice = answer.choices[0]
    assert "82" in choice.message.content
    assert (choice.message.role, choice.finish_reason) == ("assistant", "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.model == model and answer.id.startswith("chatcmpl-") and answer._request_id


def test_a_streamed_answer_is_the_whole_one_in_pieces(client, model):
    whole = client.chat.completions.create(model=model, messages=STORY, temperature=0)
    chunks = list(
        client.chat.completions.create(
            model=model, messages=STORY, temperature=0, stream=True, stream_options={"include_usage": True}
        )
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert [chunk.choices[0].delta.role for chunk in chunks if chunk.choices].count("assistant") == 1
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert all(chunk.usage is None for chunk in chunks[:-1])
    # Not kept back to the end. The answer above may be made before the first write.
    long = client.chat.completions.create(
        model=model, messages=STORY, max_tokens=1000, stream=True, extra_body={"ignore_eos": True})
    assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in long) > 10


def test_usage_comes_only_when_asked_for(client, model):
    chunks = list(client.chat.completions.create(model=model, messages=QUESTION, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_the_stream_helper_accumulates(client, model):
    with client.chat.completions.stream(model=model, messages=QUESTION, temperature=0) as stream:
        final = stream.get_final_completion()
    assert "82" in final.choices[0].message.content
    assert final.choices[0].message.role == "assistant"


def test_max_tokens_ends_with_length(client, model):
    answer = client.chat.completions.create(model=model, messages=STORY, max_tokens=5, temperature=0)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 5


@pytest.mark.parametrize("stream", [False, True])
def test_stop_strings_are_cut(client, model, stream):
    whole = client.chat.completions.create(model=model, messages=STORY, temperature=0).choices[0].message.content
    stop = whole[20:26]
    answer = client.chat.completions.create(model=model, messages=STORY, temperature=0, stop=[stop], stream=stream)
    if stream:
        chunks = list(answer)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        reason = chunks[-1].choices[0].finish_reason
    else:
        text, reason = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert text == whole[: whole.index(stop)]
    assert reason == "stop"


def test_the_same_seed_gives_the_same_text(client, model):
    def ask(seed):
        answer = client.chat.completions.create(model=model, messages=STORY, temperature=1.5, seed=seed)
        return answer.choices[0].message.content

    assert ask(7) == ask(7)
    assert len({ask(seed) for seed in range(5)}) > 1


def test_completions_whole_and_streamed(client, model):
    arguments = dict(model=model, prompt="Once upon a time", max_tokens=24, temperature=0)
    whole = client.completions.create(**arguments)
    assert whole.object == "text_completion" and whole.choices[0].text
    assert whole.usage.completion_tokens <= 24
    chunks = list(client.completions.create(**arguments, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.choices[0].text
    assert chunks[-1].usage == whole.usage


def test_several_choices_whole_and_streamed(client, model):
    arguments = dict(model=model, messages=STORY, temperature=1, seed=11, max_tokens=60)
    one = client.chat.completions.create(**arguments)
    whole = client.chat.completions.create(**arguments, n=4)
    texts = [choice.message.content for choice in whole.choices]
    assert [choice.index for choice in whole.choices] == [0, 1, 2, 3] and len(set(texts)) == 4
    assert texts[0] == one.choices[0].message.content
    assert whole.usage.prompt_tokens == one.usage.prompt_tokens
    assert whole.usage.completion_tokens > 2 * one.usage.completion_tokens

    pieces, reasons = [""] * 4, [None] * 4
    stream = client.chat.completions.create(**arguments, n=4, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        pieces[choice.index] += choice.delta.content or ""
        reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    assert pieces == texts and reasons == [choice.finish_reason for choice in whole.choices]
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert sum(chunk.usage is not None for chunk in chunks) == 1


def test_the_best_of_several_completions(client, model):
    arguments = dict(model=model, prompt="Once upon a time", max_tokens=16, temperature=1, seed=3)
    every = [choice.text for choice in client.completions.create(**arguments, n=6).choices]
    best = client.completions.create(**arguments, n=2, best_of=6)
    assert len(best.choices) == 2 and all(choice.text in every for choice in best.choices)
    assert best.usage.completion_tokens > 2 * 16


def test_a_tool_is_called(client, model):
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the current weather for a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "The name of the city."}},
                "required": ["city"],
            },
        },
    }
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    answer = client.chat.completions.create(model=model, messages=messages, tools=[tool], temperature=0)
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    call = choice.message.tool_calls[0]
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Paris"}')
    chunks = list(client.chat.completions.create(model=model, messages=messages, tools=[tool], temperature=0, stream=True))
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert len(deltas) > 1 and (deltas[0].function.name, deltas[0].function.arguments) == ("get_weather", "")
    assert "".join(delta.function.arguments for delta in deltas) == call.function.arguments
    with client.chat.completions.stream(model=model, messages=messages, tools=[tool], temperature=0) as stream:
        pieces = [event.arguments_delta for event in stream if event.type == "tool_calls.function.arguments.delta"]
        streamed = stream.get_final_completion().choices[0].message.tool_calls
    assert "".join(pieces) == call.function.arguments
    assert [(one.function.name, one.function.arguments) for one in streamed] == [
        (call.function.name, call.function.arguments)]
    messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "21 degrees and sunny"}]
    final = client.chat.completions.create(model=model, messages=messages, tools=[tool], temperature=0)
    assert final.choices[0].finish_reason == "stop" and final.choices[0].message.content


@pytest.mark.parametrize(
    "change, error, param",
    [
        ({"temperature": 3}, openai.BadRequestError, "temperature"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": [{"role": "user", "content": "word " * 20000}]}, openai.BadRequestError, "messages"),
        ({"model": "gpt-oss"}, openai.NotFoundError, "model"),
        ({"n": 33}, openai.BadRequestError, "n"),
        ({"extra_body": {"no_such_field": 1}}, openai.BadRequestError, "no_such_field"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_mistakes_are_the_right_exceptions(client, model, change, error, param, stream):
    arguments = {"model": model, "messages": QUESTION, "stream": stream, **change}
    with pytest.raises(error) as caught:
        client.chat.completions.create(**arguments)
    assert caught.value.param == param
    assert caught.value.request_id


def test_a_prompt_that_is_too_long_says_by_how_much(client, model):
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=model, prompt="word " * 20000)
    assert caught.value.code == "context_length_exceeded"
    assert "maximum context length is" in caught.value.message


@pytest.mark.asyncio
async def test_async_whole_and_streamed(async_client, model):
    whole = await async_client.chat.completions.create(model=model, messages=QUESTION, temperature=0)
    stream = await async_client.chat.completions.create(model=model, messages=QUESTION, temperature=0, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == whole.choices[0].message.content
    with pytest.raises(openai.BadRequestError):
        await async_client.chat.completions.create(model=model, messages=[])
    completion = await async_client.completions.create(
        model=model, prompt="Once upon a time", max_tokens=8, temperature=0)
    assert completion.choices[0].text


def test_log_probabilities_have_the_clients_own_shapes(client, model):
    messages = [{"role": "user", "content": "What is 12 + 31?"}]
    choice = client.chat.completions.create(
        model=model, messages=messages, temperature=0, logprobs=True, top_logprobs=2).choices[0]
    items = choice.logprobs.content
    assert bytes(byte for item in items for byte in item.bytes).decode() == choice.message.content
    assert all(item.logprob == item.top_logprobs[0].logprob for item in items)
    streamed = [item for chunk in client.chat.completions.create(
        model=model, messages=messages, temperature=0, logprobs=True, top_logprobs=2, stream=True)
        for item in (chunk.choices[0].logprobs.content if chunk.choices[0].logprobs else [])]
    assert streamed == items
    plain = client.completions.create(model=model, prompt=["Once", "The"], temperature=0, logprobs=1, max_tokens=5)
    assert [choice.index for choice in plain.choices] == [0, 1]
    for choice in plain.choices:
        assert "".join(choice.logprobs.tokens) == choice.text
        assert all(top[token] == logprob for token, logprob, top in zip(
            choice.logprobs.tokens, choice.logprobs.token_logprobs, choice.logprobs.top_logprobs))
