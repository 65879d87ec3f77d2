"""API keys: who gets in, what a key may do, and that no key can crowd out another."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import openai
import pytest

from conftest import BINARY

OPEN = ["--open-routes", "/health/ready,/metrics"]
FACT = [{"role": "user", "content": "What is 4 + 5?"}]


def new_key(file, name, *arguments, returncode=0):
    command = [BINARY, "key", "new", name, "--file", str(file), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode == 0) == (returncode == 0), result.stderr
    return result.stdout.strip() if returncode == 0 else result.stderr


@pytest.fixture
def keys(tmp_path):
    """A key file, and a function that adds a key with more lines to its entry."""

    class Keys:
        file = tmp_path / "keys.yaml"

        def add(self, name, *lines, admin=False):
            key = new_key(self.file, name, *(["--admin"] if admin else []))
            with self.file.open("a") as file:
                file.writelines(f"  {line}\n" for line in lines)
            return key

    return Keys()


def client(server, key, kind=openai.OpenAI):
    return kind(base_url=server.url + "/v1", api_key=key, max_retries=0)


def ask(client, **fields):
    return client.chat.completions.create(model="drover-demo", messages=FACT, max_tokens=8, temperature=0, **fields)


def test_A8_a_new_key_is_shown_once_and_kept_as_a_hash(keys):
    key = keys.add("alice")
    text = keys.file.read_text()
    assert key.startswith("drv-") and len(key) > 40 and key not in text
    assert hashlib.sha256(key.encode()).hexdigest() in text
    assert keys.file.stat().st_mode & 0o777 == 0o600
    assert "already" in new_key(keys.file, "alice", returncode=1)
    assert "name" in new_key(keys.file, "a b", returncode=1)
    assert keys.add("bob") != key and keys.file.read_text().startswith(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("keys: 1\n", ["list of keys", ":1"]),
        ("- name: a\n", ["sha256", "missing"]),
        ("- name: a\n  sha256: 12\n", ["sha256", ":2"]),
        ("- name: a\n  sha256: %s\n  colour: red\n" % ("1" * 64), ["colour", ":3"]),
        ("- name: a\n  sha256: %s\n  weight: 0\n" % ("1" * 64), ["weight", ":3"]),
        ("- name: a\n  name: a\n  sha256: %s\n" % ("1" * 64), ["keys.yaml"]),
        ("- {name: a, sha256: %s}\n- {name: a, sha256: %s}\n" % ("1" * 64, "2" * 64), ["two keys", ":2"]),
        ("- {name: a, sha256: %s}\n- {name: b, sha256: %s}\n" % ("1" * 64, "1" * 64), ["another", ":2"]),
        ("- [\n", ["keys.yaml"]),
    ],
)
def test_A6_a_wrong_key_file_is_refused_by_line(tmp_path, text, words):
    file = tmp_path / "keys.yaml"
    file.write_text(text)
    file.chmod(0o600)
    result = subprocess.run([BINARY, "serve", "--port", "0", "--api-key-file", file], capture_output=True, timeout=60)
    assert result.returncode not in (0, -4, 132)
    assert all(word in result.stderr.decode() for word in words), result.stderr


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_A6_a_key_file_that_others_can_reach_is_refused(keys, mode):
    keys.add("alice")
    keys.file.chmod(mode)
    command = [BINARY, "serve", "--port", "0", "--api-key-file", keys.file]
    result = subprocess.run(command, capture_output=True, timeout=60)
    assert result.returncode not in (0, -4) and b"chmod 600" in result.stderr
    assert "chmod 600" in new_key(keys.file, "bob", returncode=1)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_no_keys_and_no_loopback_needs_a_word(host):
    command = [BINARY, "serve", "--port", "0", "--host", host]
    result = subprocess.run(command, capture_output=True, timeout=60)
    if host == "::" and b"exposed" not in result.stderr and b"--insecure" not in result.stderr:
        pytest.skip("no IPv6 here")
    assert result.returncode not in (0, -4) and b"--insecure" in result.stderr and b"--api-key-file" in result.stderr


@pytest.mark.direct("the proxy's server has an address of its own")
@pytest.mark.parametrize("way", ["flag", "variable", "file", "keys"])
def test_with_the_word_or_with_keys_it_listens_everywhere(start, keys, way):
    keys.add("alice")
    settings = keys.file.parent / "drover.yaml"
    settings.write_text("insecure: true\n" if way == "file" else "host: 0.0.0.0\n")
    arguments = ["--host", "0.0.0.0", "--config", str(settings)]
    arguments += ["--insecure"] if way == "flag" else []
    arguments += ["--api-key-file", str(keys.file), *OPEN] if way == "keys" else []
    server = start(*arguments, **({"DROVER_INSECURE": "true"} if way == "variable" else {}))
    with pytest.raises(openai.AuthenticationError) if way == "keys" else open(os.devnull):
        client(server, "none").models.list()


def test_the_official_client_hears_what_is_wrong(start, keys):
    alice = keys.add("alice")
    hidden = keys.add("hidden", "models: [something-else]")
    once = keys.add("once", "requests-per-minute: 2")
    server = start("--api-key-file", str(keys.file), *OPEN)

    assert ask(client(server, alice)).choices[0].message.content
    assert [model.id for model in client(server, alice).models.list()] == ["drover-demo"]
    for wrong in ["none", alice[:-1], alice + "x", alice.upper()]:
        with pytest.raises(openai.AuthenticationError) as refusal:
            ask(client(server, wrong))
        assert refusal.value.code == "invalid_api_key"
        assert refusal.value.response.headers["www-authenticate"] == "Bearer"
    with pytest.raises(openai.PermissionDeniedError) as refusal:
        ask(client(server, hidden))
    assert refusal.value.code == "model_not_found"

    answer = client(server, once).chat.completions.with_raw_response.create(
        model="drover-demo", messages=FACT, max_tokens=8
    )
    assert answer.headers["x-ratelimit-limit-requests"] == "2"
    assert answer.headers["x-ratelimit-remaining-requests"] == "1"
    ask(client(server, once), stream=True).close()
    with pytest.raises(openai.RateLimitError) as refusal:
        ask(client(server, once))
    assert refusal.value.code == "rate_limit_exceeded"
    assert 1 <= int(refusal.value.response.headers["retry-after"]) <= 30


def test_A7_O5_sighup_takes_a_good_file_and_keeps_the_keys_of_before_a_bad_one(start, keys):
    alice = keys.add("alice")
    server = start("--api-key-file", str(keys.file), *OPEN)

    def wait_until(works, key):
        deadline = time.monotonic() + 10
        while True:
            try:
                client(server, key).models.list()
                if works:
                    return
            except openai.AuthenticationError:
                if not works:
                    return
            assert time.monotonic() < deadline
            time.sleep(0.02)

    bob = keys.add("bob")
    server.process.send_signal(signal.SIGHUP)
    wait_until(True, bob)

    good = keys.file.read_text()
    keys.file.write_text("- name: [\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_metric(lambda metrics: metrics["drover_reload_failures_total"] == 1)
    wait_until(True, alice)

    keys.file.write_text("\n".join(line for line in good.replace("- name: alice", "- name: carol").splitlines()))
    keys.file.write_text(keys.file.read_text().replace(hashlib.sha256(alice.encode()).hexdigest(), "ab" * 32) + "\n")
    server.process.send_signal(signal.SIGHUP)
    wait_until(False, alice)
    wait_until(True, bob)


def test_a_request_starts_although_another_key_floods(start, keys):
    """Two hundred requests of one key wait or run; the one of the other key is not behind them."""
    flood_key, single_key = keys.add("flood"), keys.add("single")
    server = start("--api-key-file", str(keys.file), "--key-queue-limit", "200", "--max-batch-tokens", "16", *OPEN)
    story = [{"role": "user", "content": "Tell me a short story about a fox."}]

    def steps(metrics):
        return sum(value for name, value in metrics.items() if name.startswith("vllm:iteration_tokens_total_count"))

    def waiting(metrics):
        return sum(value for name, value in metrics.items() if name.startswith("vllm:num_requests_waiting"))

    async def first_token(key):
        """Steps of the engine until the first token, as a difference of two looks at its counter."""
        before = steps(await asyncio.to_thread(server.metrics))
        stream = await client(server, key, openai.AsyncOpenAI).chat.completions.create(
            model="drover-demo", messages=FACT, max_tokens=4, temperature=0, stream=True
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                after = steps(await asyncio.to_thread(server.metrics))
                await stream.close()
                return after - before

    async def flood():
        alone = await first_token(single_key)
        flooder = client(server, flood_key, openai.AsyncOpenAI)
        asked = [
            asyncio.create_task(
                flooder.chat.completions.create(
                    model="drover-demo", messages=story, max_tokens=200, temperature=0, extra_body={"ignore_eos": True}
                )
            )
            for _ in range(200)
        ]
        await asyncio.to_thread(server.wait_for_metric, lambda metrics: waiting(metrics) > 150, 60)
        beside = await first_token(single_key)
        left = waiting(server.metrics())
        answers = await asyncio.gather(*asked)
        return alone, beside, left, {answer.choices[0].message.content for answer in answers}

    alone, beside, left, texts = asyncio.run(flood())
    # In order of arrival it would be behind 150 requests of 200 tokens, of which 16 run at a time: some 2,000 steps.
    # Its own are some twenty, and what the engine does while this process looks at the clock.
    assert beside < alone + 500, (alone, beside)
    assert left > 100 and len(texts) == 1


def test_a_key_fills_its_part_of_the_queue_only(start, keys):
    flood_key, single_key = keys.add("flood"), keys.add("single")
    server = start("--api-key-file", str(keys.file), "--key-queue-limit", "3", "--max-batch-tokens", "2", *OPEN)

    async def run():
        flooder = client(server, flood_key, openai.AsyncOpenAI)
        fields = dict(model="drover-demo", messages=FACT, max_tokens=200, extra_body={"ignore_eos": True})
        asked = [asyncio.create_task(flooder.chat.completions.create(**fields)) for _ in range(20)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        single = await client(server, single_key, openai.AsyncOpenAI).chat.completions.create(**fields)
        return answers, single

    answers, single = asyncio.run(run())
    refused = [answer for answer in answers if isinstance(answer, openai.RateLimitError)]
    assert refused and len(refused) < 20 and single.usage.completion_tokens == 200
    assert all("this API key" in str(refusal) for refusal in refused)
    assert all(1 <= int(refusal.response.headers["retry-after"]) <= 120 for refusal in refused)


def test_what_keys_use_is_written_down_and_counted_on(start, keys, tmp_path):
    alice = keys.add("alice", "tokens-per-day: 40")
    folder = tmp_path / "usage"
    arguments = ["--api-key-file", str(keys.file), "--usage-dir", str(folder), *OPEN]
    server = start(*arguments)
    usage = ask(client(server, alice), extra_body={"ignore_eos": True}).usage
    metrics = server.metrics()
    assert metrics['drover_key_prompt_tokens_total{key="alice"}'] == usage.prompt_tokens
    assert metrics['drover_key_generation_tokens_total{key="alice"}'] == usage.completion_tokens == 8
    assert server.stop() == 0
    (file,) = folder.glob("usage-*.jsonl")
    (line,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert line["key"] == "alice" and line["requests"] == 1 and file.name == f"usage-{line['date']}.jsonl"
    assert (line["prompt_tokens"], line["completion_tokens"]) == (usage.prompt_tokens, 8)

    server = start(*arguments)
    with pytest.raises(openai.RateLimitError) as refusal:
        for _ in range(5):
            ask(client(server, alice), extra_body={"ignore_eos": True})
    assert refusal.value.code == "insufficient_quota"
    left = 40 - usage.total_tokens
    assert int(refusal.value.response.headers["x-ratelimit-remaining-tokens"]) <= left


def test_A9_neither_keys_nor_prompts_are_in_log_and_metrics(start, keys):
    alice = keys.add("alice")
    server = start("--api-key-file", str(keys.file), *OPEN, "--log-level", "debug")
    secrets = [alice, alice[-8:], "drv-wrong-key", "swordfish"]
    for key in (alice, "drv-wrong-key"):
        for path, body in [
            ("/v1/completions", '{"prompt": "swordfish", "max_tokens": 2}'),
            ("/v1/completions?key=%s" % alice, '{"prompt": "swordfish", "max_tokens": "swordfish"}'),
            ("/v1/chat/completions", '{"messages": [{"role": "swordfish"}]}'),
            ("/v1/chat/completions", '{"messages": swordfish'),
            ("/v1/chat/completions", '{"messages": [{"role": "user", "content": "swordfish"}], "stream": true}'),
        ]:
            headers = {"Authorization": f"Bearer {key}", "x-api-key": key}
            try:
                urllib.request.urlopen(urllib.request.Request(server.url + path, body.encode(), headers), timeout=30).read()
            except urllib.error.HTTPError as error:
                error.read()
    deadline = time.monotonic() + 10
    while len([line for line in server.log() if "drover: request " in line]) < 10:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    written = "\n".join(server.log()) + server.metrics_page()
    assert "key=alice" in written and not [secret for secret in secrets if secret in written]
