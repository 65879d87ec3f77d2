"""Requests of all kinds at once, in a pool for a few of them: each gets the texts that it gets alone."""

import asyncio
import os
import random

import openai

COUNT = int(os.environ.get("DROVER_MIXTURE", "120"))
BLOCKS = 24
STEMS = [
    "Once upon a time a fox found a lantern in the garden. " * 12,
    "The owl and the bear went down to the river. " * 5,
    "",
]


def make(number):
    """A request and what its client does: reads all of it, leaves early, or sets a deadline."""
    draw = random.Random(number)
    stem = draw.choice(STEMS)
    fields = {
        "prompt": stem + f"Then {draw.choice(['a cat', 'two mice', 'the dog'])} came, and",
        "max_tokens": draw.randint(1, 120),
        "n": draw.choice([1, 1, 1, 2, 4]),
        "temperature": draw.choice([0, 0.7, 1.2]),
        "seed": draw.randint(-5, 5),
        "stop": draw.choice([None, [" the"], ["."]]),
        "frequency_penalty": draw.choice([0, 0, 0.5]),
        "extra_body": {
            "ignore_eos": draw.random() < 0.5,
            "priority": draw.choice(["interactive", "batch", 5]),
            "cache_salt": draw.choice([None, "mine"]),
        },
    }
    return fields, draw.choice(["read", "read", "read", "leave", "hurry"])


async def read(client, model, fields, leave_after=None):
    """The texts of all choices; a client that leaves closes its connection after so many chunks."""
    texts = [""] * fields["n"]
    stream = await client.completions.create(model=model, stream=True, **fields)
    count = 0
    async for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.text
        count += 1
        if count == leave_after:
            await stream.close()
            break
    return texts


async def play(client, model, number):
    """Texts, and whether they are whole."""
    fields, manner = make(number)
    if manner == "leave":
        return await read(client, model, fields, leave_after=3), False
    if manner == "read":
        return await read(client, model, fields), True
    try:
        answer = await client.completions.create(model=model, extra_headers={"x-request-timeout": "0.5"}, **fields)
    except openai.APIStatusError as error:
        assert error.status_code == 408
        return [""] * fields["n"], False
    return [choice.text for choice in answer.choices], True


async def run(server, task):
    async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=300) as client:
        return await task(client, (await client.models.list()).data[0].id)


async def one_by_one(client, model):
    return [await read(client, model, make(number)[0]) for number in range(COUNT)]


async def all_at_once(client, model):
    return await asyncio.gather(*(play(client, model, number) for number in range(COUNT)))


def total_of(metrics, name):
    return sum(value for series, value in metrics.items() if series.startswith(name))


def test_everybody_gets_the_texts_that_it_gets_alone(start, server):
    expected = asyncio.run(run(server, one_by_one))
    block = total_of(server.metrics(), "drover_kv_block_bytes")
    small = start("--kv-cache-bytes", str(int(BLOCKS * block)), "--context-length", "512", "--queue-limit", "100000")
    played = asyncio.run(run(small, all_at_once))
    for number, (alone, (texts, is_whole)) in enumerate(zip(expected, played)):
        for one, other in zip(alone, texts):
            assert one == other if is_whole else one.startswith(other), make(number)
    metrics = small.metrics()
    assert sum(is_whole for _, is_whole in played) > COUNT / 2
    assert total_of(metrics, "vllm:num_preemptions_total") > 0
    assert total_of(metrics, "drover_kv_integrity_failures_total") == 0
    small.wait_for_metric(lambda metrics: total_of(metrics, "drover_kv_blocks_free") == BLOCKS)
