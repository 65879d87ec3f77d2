"""Files and batches with the official client (api.md 3: detail 41), and through kill -9."""

import contextlib
import json
import pathlib
import random
import sqlite3
import subprocess
import time

import openai
import pytest

from conftest import BINARY, ROOT
from test_openapi import validate

MODEL = "drover-demo"
BUNDLED = ROOT / "Sources" / "CBundledModel" / "model.gguf"


def line(number, **body):
    body = {"model": MODEL, "messages": [{"role": "user", "content": f"What is {number % 50} + {number % 40}?"}]} | body
    return {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def jsonl(lines):
    return "\n".join(json.dumps(line) for line in lines).encode() + b"\n"


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "state")


def client_of(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def begin(client, content, endpoint="/v1/chat/completions", **others):
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", **others)


def wait(client, batch, seconds=120):
    deadline = time.monotonic() + seconds
    while batch.status not in ("completed", "failed", "cancelled", "expired"):
        assert time.monotonic() < deadline, batch
        time.sleep(0.05)
        batch = client.batches.retrieve(batch.id)
    return batch


def texts(client, batch):
    """The text of each custom_id; none may come twice."""
    found = {}
    for name in filter(None, (batch.output_file_id, batch.error_file_id)):
        for result in map(json.loads, client.files.content(name).text.splitlines()):
            assert result["custom_id"] not in found
            body = (result["response"] or {}).get("body", {})
            found[result["custom_id"]] = body["choices"][0]["message"]["content"] if "choices" in body else None
    return found


def usage_of_answers(client, batch):
    """What the lines of the output file have used, as the batch tells it: chat's words and those of responses."""
    counts = dict.fromkeys(("input", "cached", "output", "reasoning"), 0)
    for result in map(json.loads, client.files.content(batch.output_file_id).text.splitlines()):
        usage = result["response"]["body"]["usage"]
        read = usage.get("input_tokens_details") or usage["prompt_tokens_details"]
        written = usage.get("output_tokens_details") or usage.get("completion_tokens_details") or {}
        counts["input"] += usage.get("input_tokens", usage.get("prompt_tokens"))
        counts["cached"] += read["cached_tokens"]
        counts["output"] += usage.get("output_tokens", usage.get("completion_tokens", 0))
        counts["reasoning"] += written.get("reasoning_tokens", 0)
    return {
        "input_tokens": counts["input"], "input_tokens_details": {"cached_tokens": counts["cached"]},
        "output_tokens": counts["output"], "output_tokens_details": {"reasoning_tokens": counts["reasoning"]},
        "total_tokens": counts["input"] + counts["output"]}


def test_a_batch_from_upload_to_answers(start, folder):
    client = client_of(start("--state-dir", folder))
    lines = [line(number) for number in range(20)] + [line(3), line(99, model="other")]
    content = jsonl(lines) + b"{no json\n"
    batch = begin(client, content, metadata={"a": "b"})
    validate(batch.model_dump(mode="json"), "Batch")
    assert batch.usage is None and batch.model is None
    batch = wait(client, batch)
    validate(batch.model_dump(mode="json"), "Batch")
    assert batch.status == "completed" and batch.metadata["a"] == "b"
    assert batch.request_counts.to_dict() == {"total": 23, "completed": 20, "failed": 3}
    assert batch.usage.to_dict() == usage_of_answers(client, batch) and batch.usage.output_tokens > 0
    assert batch.model is None  # one line asks for another
    assert [problem.line for problem in batch.errors.data] == [21, 23]
    answers = [json.loads(text) for text in client.files.content(batch.output_file_id).text.splitlines()]
    assert {answer["custom_id"] for answer in answers} == {f"line-{number}" for number in range(20)}
    assert all(answer["response"]["status_code"] == 200 and answer["error"] is None for answer in answers)
    errors = [json.loads(text) for text in client.files.content(batch.error_file_id).text.splitlines()]
    assert {error["response"]["status_code"] for error in errors if error["response"]} == {404}
    assert {error["error"]["line"] for error in errors if error["error"]} == {21, 23}
    assert [one.id for one in client.batches.list()] == [batch.id]


@pytest.mark.parametrize("endpoint, body", [
    ("/v1/completions", {"prompt": "Once", "max_tokens": 4}),
    ("/v1/responses", {"input": "What is 2 + 3?", "max_output_tokens": 4}),
    ("/v1/embeddings", {"input": "Once"}),
    ("/v1/best-of", {"messages": [{"role": "user", "content": "What is 2 + 3?"}], "n": 2, "scorers": [{"type": "logprob"}]}),
])
def test_a_batch_tells_its_model_and_the_tokens_of_its_lines(start, folder, endpoint, body):
    client = client_of(start("--state-dir", folder))
    lines = [line(number) | {"url": endpoint, "body": {"model": MODEL} | body} for number in range(3)]
    batch = wait(client, begin(client, jsonl(lines), endpoint))
    validate(batch.model_dump(mode="json"), "Batch")
    assert batch.request_counts.completed == 3 and batch.model == MODEL
    assert batch.usage.to_dict() == usage_of_answers(client, batch) and batch.usage.input_tokens >= 3


def test_a_folder_of_an_earlier_version_goes_on(start, folder):
    server = start("--state-dir", folder)
    old = wait(client_of(server), begin(client_of(server), jsonl([line(1)])))
    assert server.stop() == 0
    with contextlib.closing(sqlite3.connect(folder + "/state.sqlite")) as database:
        for table in ("batch", "line"):
            for column in ("inputTokens", "cachedTokens", "outputTokens", "reasoningTokens"):
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute("ALTER TABLE batch DROP COLUMN model")
        database.execute("DELETE FROM grdb_migrations WHERE identifier = 'usage of batches'")
        database.commit()
    client = client_of(start("--state-dir", folder))
    assert client.batches.retrieve(old.id).to_dict() == old.to_dict() | {"usage": None, "model": None}
    batch = wait(client, begin(client, jsonl([line(2)])))
    assert batch.model == MODEL and batch.usage.to_dict() == usage_of_answers(client, batch)


def test_files_are_listed_read_and_deleted(start, folder):
    client = client_of(start("--state-dir", folder))
    names = [f"{number}.jsonl" for number in range(5)]
    files = [client.files.create(file=(name, b"x" * 100_000), purpose="batch") for name in names]
    validate(files[0].model_dump(mode="json"), "File")
    assert [file.filename for file in client.files.list(limit=2, order="asc")] == names
    assert client.files.content(files[1].id).read() == b"x" * 100_000
    assert client.files.delete(files[1].id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(files[1].id)
    lasting = client.files.create(
        file=("a", b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600})
    assert lasting.expires_at == lasting.created_at + 3600
    for file, purpose in ((("a", b""), "batch"), (("a", b"x"), "fine-tune")):
        with pytest.raises(openai.BadRequestError):
            client.files.create(file=file, purpose=purpose)


def test_the_files_of_a_batch_expire_when_it_says(start, folder, clock):
    server = start("--state-dir", folder, **clock.options)
    client = client_of(server)
    content = jsonl([line(1), line(2, model="other")])
    batch = wait(client, begin(client, content, output_expires_after={"anchor": "created_at", "seconds": 3600}))
    names = (batch.output_file_id, batch.error_file_id)
    for file in map(client.files.retrieve, names):
        # Of the files, not of the batch: it may have waited for hours.
        assert file.created_at == batch.completed_at and file.expires_at == file.created_at + 3600
    lasting = wait(client, begin(client, content))
    assert client.files.retrieve(lasting.output_file_id).expires_at is None
    clock.jump("+3000")
    assert all(client.files.content(name).text for name in names)
    clock.jump("+7200")
    assert not {file.id for file in client.files.list()} & set(names)
    for name in names:
        for call in (client.files.retrieve, client.files.content, client.files.delete):
            with pytest.raises(openai.NotFoundError):
                call(name)
    # Their bytes go in the next round of the desk, which a start begins with; the batch stays, and so do other files.
    assert server.stop() == 0
    client = client_of(start("--state-dir", folder, **clock.options))
    deadline = time.monotonic() + 60
    while {path.name for path in pathlib.Path(folder, "files").iterdir()} & set(names):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert client.batches.retrieve(batch.id).output_file_id == batch.output_file_id
    assert client.files.content(lasting.output_file_id).text


@pytest.mark.parametrize("rule, field", [
    ({"anchor": "created_at", "seconds": 3599}, "output_expires_after.seconds"),
    ({"anchor": "created_at", "seconds": 2592001}, "output_expires_after.seconds"),
    ({"anchor": "created_at"}, "output_expires_after.seconds"),
    ({"anchor": "completed_at", "seconds": 3600}, "output_expires_after.anchor"),
    ({"anchor": "created_at", "seconds": 3600, "days": 1}, "output_expires_after.days"),
])
def test_an_expiry_out_of_bounds_is_refused_by_name(start, folder, rule, field):
    client = client_of(start("--state-dir", folder))
    with pytest.raises(openai.BadRequestError) as failure:
        begin(client, jsonl([line(1)]), output_expires_after=rule)
    assert failure.value.param == field and not list(client.batches.list())


def test_without_a_folder_the_routes_name_the_flag(server):
    client = client_of(server)
    for call in (client.files.list, lambda: client.files.create(file=("a", b"x"), purpose="batch")):
        with pytest.raises(openai.APIStatusError, match="--state-dir") as failure:
            call()
        assert failure.value.status_code == 501


def test_a_cancelled_batch_keeps_what_was_answered(start, folder):
    client = client_of(start("--state-dir", folder, "--batch-concurrency", "1"))
    batch = begin(client, jsonl(line(number, ignore_eos=True, max_tokens=50) for number in range(200)))
    while client.batches.retrieve(batch.id).request_counts.completed < 2:
        time.sleep(0.02)
    assert client.batches.cancel(batch.id).status == "cancelling"
    batch = wait(client, batch)
    assert batch.status == "cancelled" and batch.cancelled_at and len(texts(client, batch)) == 200
    with pytest.raises(openai.BadRequestError):
        client.batches.cancel(batch.id)


def test_a_killed_server_goes_on_and_says_the_same(start, folder):
    content = jsonl(line(number, temperature=1, seed=number, max_tokens=30) for number in range(300))
    server = start("--state-dir", folder)
    batch = wait(client_of(server), begin(client_of(server), content))
    expected = texts(client_of(server), batch)
    batch = begin(client_of(server), content)
    for _ in range(3):
        time.sleep(random.uniform(0, 0.5))
        server.process.kill()
        server.process.wait()
        server = start("--state-dir", folder)
    client = client_of(server)
    batch = wait(client, client.batches.retrieve(batch.id))
    assert batch.status == "completed" and texts(client, batch) == expected
    assert batch.usage.to_dict() == usage_of_answers(client, batch)


def contents(path):
    answers = [json.loads(text)["response"]["body"] for text in path.read_text().splitlines()]
    return [answer["choices"][0]["message"]["content"] for answer in answers]


def answers_so_far(state):
    """The lines that a run of the command has answered for good."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{state}/state.sqlite?mode=ro", uri=True)) as database:
            name, count = database.execute("SELECT outputFile, completed FROM batch").fetchone() or ("", 0)
    except sqlite3.OperationalError:
        return []  # not made yet
    return (state / "files" / name).read_text().splitlines()[:count] if count else []


@pytest.mark.parametrize("way", ["--url", "--model"])
def test_the_command_goes_on_after_a_kill(server, tmp_path, way):
    source, target, state = (tmp_path / name for name in ("in.jsonl", "out.jsonl", "out.jsonl.state"))
    body = {"max_tokens": 40, "ignore_eos": True, "temperature": 1}
    source.write_bytes(jsonl([line(number, **body) for number in range(150)] + [line(7)]))
    command = [BINARY, "batch", "run", str(source), str(target), way, server.url if way == "--url" else str(BUNDLED)]
    deadline = time.monotonic() + 120
    with subprocess.Popen(command) as process:
        while not answers_so_far(state):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    before = answers_so_far(state)
    assert 0 < len(before) < 150 and not target.exists()
    subprocess.run(command, check=True, timeout=120)
    results = target.read_text().splitlines()
    assert [json.loads(text)["custom_id"] for text in results] == [f"line-{number}" for number in range(150)]
    # What was there is what it was, and not answered again.
    assert set(before) < set(results)
    assert "line-7" in (tmp_path / "out.jsonl.errors").read_text() and not state.exists()
    if way == "--model":
        # By the way of the server's own batches, behind whom else the process serves.
        assert all(json.loads(text)["response"]["request_id"].startswith("batch_req_") for text in results)
    # The same seeds, so the same texts, whoever answers, killed or not.
    again = tmp_path / "again.jsonl"
    subprocess.run([*command[:4], str(again), "--url", server.url], check=True, timeout=120)
    assert contents(again) == contents(target)


def test_a_key_sees_its_own_files_and_batches_only(start, folder, tmp_path):
    file = tmp_path / "keys.yaml"
    keys = [
        subprocess.run([BINARY, "key", "new", name, "--file", file], check=True, capture_output=True, text=True)
        .stdout.split()[-1] for name in ("alice", "bob")]
    server = start("--state-dir", folder, "--api-key-file", str(file), "--open-routes", "/health/ready")
    alice, bob = (openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0) for key in keys)
    batch = wait(alice, begin(alice, jsonl([line(1)])))
    assert batch.status == "completed" and len(texts(alice, batch)) == 1
    assert not list(bob.files.list()) and not list(bob.batches.list())
    for call in (
        lambda: bob.files.retrieve(batch.output_file_id), lambda: bob.files.content(batch.output_file_id),
        lambda: bob.files.delete(batch.input_file_id), lambda: bob.batches.retrieve(batch.id),
        lambda: bob.batches.cancel(batch.id),
        lambda: bob.batches.create(
            input_file_id=batch.input_file_id, endpoint="/v1/chat/completions", completion_window="24h"),
    ):
        with pytest.raises(openai.NotFoundError):
            call()


def test_a_full_quota_and_a_broken_form_leave_nothing_behind(start, folder):
    server = start("--state-dir", folder, "--key-files-bytes", "150KB")
    client = client_of(server)
    client.files.create(file=("a", b"x" * 100_000), purpose="batch")
    with pytest.raises(openai.APIStatusError) as failure:
        client.files.create(file=("b", b"x" * 100_000), purpose="batch")
    assert failure.value.status_code == 413 and failure.value.code == "storage_quota_exceeded"
    for body in (b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx", b"", b"--b--"):
        answer = subprocess.run(
            ["curl", "-s", "-H", "Content-Type: multipart/form-data; boundary=b", "--data-binary", "@-",
             server.url + "/v1/files"], input=body, capture_output=True, check=True)
        assert json.loads(answer.stdout)["error"]["type"] == "invalid_request_error"
    assert len(list(client.files.list())) == len(list(pathlib.Path(folder, "files").iterdir())) == 1


def test_a_server_that_stops_does_not_wait_for_its_batch(start, folder):
    server = start("--state-dir", folder)
    client = client_of(server)
    batch = begin(client, jsonl(line(number, ignore_eos=True, max_tokens=400) for number in range(500)))
    while client.batches.retrieve(batch.id).status != "in_progress":
        time.sleep(0.02)
    assert server.stop() == 0
    client = client_of(start("--state-dir", folder))
    assert client.batches.retrieve(batch.id).status == "in_progress"
    client.batches.cancel(batch.id)
    assert wait(client, client.batches.retrieve(batch.id)).status == "cancelled"
