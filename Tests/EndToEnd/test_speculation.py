"""Guessing tokens changes how long a text takes, never the text."""

import concurrent.futures
import json
import urllib.request

PROMPTS = ["one two three one two three one two", "Once upon a time a fox found a lantern. Once upon a time a",
           "47 + 35 = 82\n47 + 35 =", "red, blue, green, red, blue, green, red,"]


def complete(server, prompt, **fields):
    body = {"prompt": prompt, "max_tokens": 96, "seed": 5, "ignore_eos": True} | fields
    request = urllib.request.Request(server.url + "/v1/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["choices"][0]["text"]


def count(server, name):
    return next(value for metric, value in server.metrics().items() if metric.startswith(f"vllm:spec_decode_num_{name}"))


def test_the_text_is_the_same_with_and_without(start):
    guessing, plain = start(), start("--speculate", "off")
    settings = [{"temperature": 0}, {"temperature": 0.3}, {"temperature": 1, "top_p": 0.9},
                {"temperature": 0, "frequency_penalty": 0.5}]
    cases = [(prompt, fields) for prompt in PROMPTS for fields in settings]
    expected = [complete(plain, prompt, **fields) for prompt, fields in cases]
    assert [complete(guessing, prompt, **fields) for prompt, fields in cases] == expected
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda case: complete(guessing, case[0], **case[1]), cases)) == expected
    assert 0 < count(guessing, "accepted_tokens") < count(guessing, "draft_tokens")
    assert count(plain, "draft_tokens") == 0
