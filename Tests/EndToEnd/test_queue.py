"""The queue: who is refused is told when to come back, and who is in a hurry goes first."""

import asyncio
import json
import urllib.request

import openai

STORY = [{"role": "user", "content": "Tell me a short story about a fox."}]


def client_of(server):
    return openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def waiting(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("vllm:num_requests_waiting"))


async def ask(client, model, **fields):
    arguments = dict(model=model, messages=STORY, temperature=0, extra_body={"ignore_eos": True} | fields)
    return await client.chat.completions.create(max_tokens=200, **arguments)


def test_J54_O12_a_full_queue_says_when_to_come_back(start):
    server = start("--queue-limit", "2", "--max-batch-tokens", "2")

    async def flood():
        client = client_of(server)
        model = (await client.models.list()).data[0].id
        return await asyncio.gather(*(ask(client, model) for _ in range(24)), return_exceptions=True)

    answers = asyncio.run(flood())
    refused = [answer for answer in answers if isinstance(answer, openai.RateLimitError)]
    served = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len(refused) + len(served) == 24 and refused and served
    assert len({answer.choices[0].message.content for answer in served}) == 1
    assert all(1 <= int(refusal.response.headers["retry-after"]) <= 120 for refusal in refused)


def test_interactive_requests_pass_batches_and_nobody_loses_text(start):
    server = start("--max-batch-tokens", "2")

    async def mixture():
        client = client_of(server)
        model = (await client.models.list()).data[0].id
        order = []

        async def timed(name, **fields):
            # Long, or two of them are over before the last has come.
            answer = await ask(client, model, max_tokens=1500, **fields)
            order.append(name)
            return answer.choices[0].message.content

        batch = [asyncio.create_task(timed("batch", priority="batch")) for _ in range(8)]
        await asyncio.to_thread(server.wait_for_metric, lambda metrics: waiting(metrics) == 6)
        hasty = await asyncio.gather(*(timed("interactive") for _ in range(2)))
        return order, hasty + await asyncio.gather(*batch)

    order, texts = asyncio.run(mixture())
    assert len(set(texts)) == 1
    assert order.index("interactive") < 6, order


def test_requests_are_listed_and_can_be_cancelled(start):
    server = start("--max-batch-tokens", "1")

    def requests():
        with urllib.request.urlopen(server.url + "/v1/requests", timeout=5) as answer:
            return json.load(answer)["data"]

    async def cancel_the_second():
        client = client_of(server)
        model = (await client.models.list()).data[0].id
        asked = [asyncio.create_task(ask(client, model, max_tokens=3000)) for _ in range(3)]
        await asyncio.to_thread(server.wait_for_metric, lambda metrics: waiting(metrics) == 2)
        listed = await asyncio.to_thread(requests)
        deletion = urllib.request.Request(f"{server.url}/v1/requests/{listed[1]['id']}", method="DELETE")
        await asyncio.to_thread(urllib.request.urlopen, deletion)
        return listed, await asyncio.gather(*asked, return_exceptions=True)

    listed, answers = asyncio.run(cancel_the_second())
    assert sorted(card["phase"] in ("prefill", "decode") for card in listed) == [False, False, True]
    assert [card["queue_position"] for card in listed if card["phase"] == "queued"] == [1, 2]
    assert all(card["expected_start_seconds"] > 0 for card in listed if card["phase"] == "queued")
    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    assert [refusal.status_code for refusal in refusals] == [499]
    assert requests() == []
