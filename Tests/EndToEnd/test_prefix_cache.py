"""What requests with equal beginnings have of each other: less to compute, and the same text."""

import concurrent.futures
import json
import urllib.error
import urllib.request

import pytest

STORY = "Once upon a time a fox found a lantern. " * 20  # some 200 tokens


def complete(server, prompt, **fields):
    body = {"prompt": prompt, "max_tokens": 24, "temperature": 0.8, "seed": 5, "ignore_eos": True} | fields
    request = urllib.request.Request(server.url + "/v1/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    return answer["choices"][0]["text"], answer["usage"]


def cached(usage):
    return usage["prompt_tokens_details"]["cached_tokens"]


def test_a_prompt_seen_before_is_not_computed_again(start):
    server = start()
    first, usage = complete(server, STORY)
    assert cached(usage) == 0
    again, usage = complete(server, STORY)
    assert again == first
    assert cached(usage) == (usage["prompt_tokens"] - 1) // 64 * 64 > 0
    metrics = server.metrics()
    hits = next(value for name, value in metrics.items() if name.startswith("vllm:prefix_cache_hits_total"))
    assert hits == cached(usage)
    salted, usage = complete(server, STORY, cache_salt="mine")
    assert salted == first and cached(usage) == 0
    apart, usage = complete(server, STORY, cache_prompt=False)
    assert apart == first and cached(usage) == 0


def test_sharing_changes_no_text(start):
    shared, alone = start(), start("--prefix-cache", "off")
    prompts = [STORY + f"Then {name} came" for name in ("an owl", "a bear", "the cat", "two mice")] * 3
    expected = [complete(alone, prompt)[0] for prompt in prompts[:4]] * 3
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda prompt: complete(shared, prompt), prompts))
    assert [text for text, _ in answers] == expected
    assert sum(cached(usage) > 0 for _, usage in answers) >= 11
    assert all(cached(complete(alone, prompt)[1]) == 0 for prompt in prompts[:2])


def test_a_salt_must_not_be_empty_or_long(server):
    for salt in ("", "x" * 257):
        with pytest.raises(urllib.error.HTTPError) as failure:
            complete(server, "a", cache_salt=salt)
        assert failure.value.code == 400 and json.load(failure.value)["error"]["param"] == "cache_salt"
