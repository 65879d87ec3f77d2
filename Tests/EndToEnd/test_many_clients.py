"""Many streams at once: each gets the text it would get alone, also in a small pool, also while others leave."""

import asyncio

import openai
import pytest

PROMPTS = [
    f"Tell me a short story about a {animal} and a {thing}."
    for animal in ["fox", "cat", "dog", "owl", "bear", "mouse", "horse", "rabbit"]
    for thing in ["lantern", "river", "boat", "garden"]
]


def client_of(server):
    return openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


async def stream_text(client, prompt, leave_after=None):
    """The answer to a prompt; a client that leaves closes its connection after so many chunks."""
    stream = await client.chat.completions.create(
        model=(await client.models.list()).data[0].id,
        messages=[{"role": "user", "content": prompt}],
        temperature=0,
        stream=True,
        max_tokens=160,
    )
    text, count = "", 0
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        count += 1
        if count == leave_after:
            await stream.close()
            return None
    return text


@pytest.fixture(scope="module")
def alone(server):
    async def one_by_one():
        client = client_of(server)
        return [await stream_text(client, prompt) for prompt in PROMPTS]

    return asyncio.run(one_by_one())


async def all_at_once(server, leaving=()):
    client = client_of(server)
    tasks = [
        stream_text(client, prompt, leave_after=4 if number in leaving else None)
        for number, prompt in enumerate(PROMPTS)
    ]
    return await asyncio.gather(*tasks)


def all_blocks_are_free(metrics):
    free = [value for name, value in metrics.items() if name.startswith("drover_kv_blocks_free")]
    total = [value for name, value in metrics.items() if name.startswith("drover_kv_blocks{")]
    return free == total and len(free) == 1


def total_of(metrics, name):
    return sum(value for series, value in metrics.items() if series.startswith(name))


def test_together_they_get_what_each_gets_alone(server, alone):
    assert len(set(alone)) > 16
    assert asyncio.run(all_at_once(server)) == alone


@pytest.mark.parametrize("admission", ["optimistic", "reservation"])
def test_a_pool_for_four_serves_all(start, server, alone, admission):
    blocks = 4 * 5  # about 300 positions each
    bytes_per_block = total_of(server.metrics(), "drover_kv_block_bytes")
    small = start("--kv-cache-bytes", str(int(blocks * bytes_per_block)), "--context-length", "512", "--admission", admission)
    assert total_of(small.metrics(), "drover_kv_blocks{") <= blocks
    assert asyncio.run(all_at_once(small)) == alone
    assert (total_of(small.metrics(), "vllm:num_preemptions_total") > 0) == (admission == "optimistic")
    small.wait_for_metric(all_blocks_are_free)


def test_clients_that_leave_free_their_blocks_and_disturb_nobody(server, alone):
    leaving = set(range(0, len(PROMPTS), 2))
    texts = asyncio.run(all_at_once(server, leaving))
    assert [text for number, text in enumerate(texts) if number not in leaving] == [
        text for number, text in enumerate(alone) if number not in leaving
    ]
    server.wait_for_metric(all_blocks_are_free)
    server.wait_for_metric(lambda metrics: total_of(metrics, "vllm:num_requests_running") == 0)
