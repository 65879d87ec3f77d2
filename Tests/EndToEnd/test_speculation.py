"""Guessing tokens changes how long a text takes, never the text."""

import concurrent.futures
import json
import os
import subprocess
import urllib.request

import pytest

from conftest import BINARY, ROOT

BUNDLED = ROOT / "Sources" / "CBundledModel" / "model.gguf"
OTHER = ROOT / "Tests" / "Fixtures" / "oracle-a.gguf"

PROMPTS = ["one two three one two three one two", "Once upon a time a fox found a lantern. Once upon a time a",
           "47 + 35 = 82\n47 + 35 =", "red, blue, green, red, blue, green, red,"]


def answer(server, prompt, **fields):
    body = {"prompt": prompt, "max_tokens": 96, "seed": 5, "ignore_eos": True} | fields
    request = urllib.request.Request(server.url + "/v1/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def complete(server, prompt, **fields):
    return answer(server, prompt, **fields)["choices"][0]["text"]


def count(server, name):
    return next(value for metric, value in server.metrics().items() if metric.startswith(f"vllm:spec_decode_num_{name}"))


def count_by(server, source, name):
    return next(value for metric, value in server.metrics().items()
                if metric.startswith(f"drover_draft_{name}_total{{") and f'source="{source}"' in metric)


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


def test_what_an_output_format_leaves_no_choice_of_comes_at_once(start):
    guessing, plain = start(), start("--speculate", "off")
    names = ["first_name", "family_name", "place_of_birth", "é\"è"]
    schema = {"type": "object", "properties": {name: {"type": "string", "maxLength": 8} for name in names},
              "required": names}
    fields = {"response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}},
              "max_tokens": 400, "ignore_eos": False}
    settings = [{"temperature": 0}, {"temperature": 1, "n": 3}, {"temperature": 0.7, "repetition_penalty": 1.2},
                {"temperature": 1, "top_p": 0.9, "logprobs": 2}]
    cases = [(prompt, fields | setting) for prompt in PROMPTS[:2] for setting in settings]

    def choices(server):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda case: answer(server, case[0], **case[1])["choices"], cases))

    expected = choices(plain)
    assert choices(guessing) == expected
    assert all(list(json.loads(choice["text"])) == names for choices in expected for choice in choices)
    # Some are written with other tokens than the tokenizer's, and how far to guess depends on how long steps take.
    accepted, guessed = (count_by(guessing, "grammar", name) for name in ["tokens_accepted", "tokens"])
    assert sum(map(len, expected)) < accepted < guessed
    assert count_by(plain, "grammar", "tokens") == 0


def test_a_draft_model_changes_no_text(start):
    plain = start("--speculate", "off")
    settings = [{"temperature": 0}, {"temperature": 0.7}, {"temperature": 1, "top_p": 0.9, "n": 3},
                {"temperature": 0.7, "repetition_penalty": 1.1}, {"temperature": 0, "logprobs": 2}]
    cases = [(prompt, fields) for prompt in [*PROMPTS, "Tell me a story. " * 40] for fields in settings]

    def choices(server):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda case: answer(server, case[0], **case[1])["choices"], cases))

    expected = choices(plain)
    # Room for few blocks, which are twice as large where the kernels keep f32.
    few = "400KiB" if os.environ.get("DROVER_KERNELS") == "reference" else "200KiB"
    for more in [[], ["--draft-tokens", "15"], ["--draft-kv-cache-bytes", few], ["--max-batch-tokens", "24"]]:
        server = start("--draft-model", str(BUNDLED), *more)
        assert choices(server) == expected
        assert count_by(server, "draft_model", "tokens") > 0
        by_source = sum(count_by(server, source, "tokens") for source in ["ngram", "draft_model"])
        assert by_source == count(server, "draft_tokens")


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_a_model_that_is_its_own_draft_is_always_right(start, temperature):
    server = start("--draft-model", str(BUNDLED))
    timings = answer(server, "Once upon a time", temperature=temperature)["timings"]
    guessed = count_by(server, "draft_model", "tokens")
    assert guessed == count_by(server, "draft_model", "tokens_accepted") > 20
    assert timings["draft_n"] == guessed + count_by(server, "ngram", "tokens")
    assert any("draft model: drover-demo" in line for line in server.log())


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--draft-model", OTHER], ["draft model oracle-a", "vocabulary", "709"]),
        (["--draft-model", "/nonexistent.gguf"], ["/nonexistent.gguf"]),
        (["--draft-model", BUNDLED, "--speculate", "off"], ["draft-model", "speculate"]),
        (["--draft-model", BUNDLED, "--draft-tokens", "16"], ["draft-tokens", "1 to 15", "16"]),
        (["--draft-tokens", "3"], ["draft-tokens", "draft-model"]),
        (["--draft-model", BUNDLED, "--draft-kv-cache-bytes", "1"], ["1 bytes of K/V memory"]),
    ],
)
def test_what_cannot_guess_is_refused(arguments, words):
    result = subprocess.run([BINARY, "serve", "--port", "0", *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert all(word in result.stderr for word in words), result.stderr
