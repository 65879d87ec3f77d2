"""`drover curate`: the recipes of deploy/recipes at small size, killed and changed runs, other formats, other models."""

import contextlib
import gzip
import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.request
import xml.etree.ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from conftest import BINARY, ROOT

RECIPES = ROOT / "deploy" / "recipes"


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe of deploy/recipes, with changes, into a folder of its own."""

    def write(name, **changes):
        folder = tmp_path / "recipes"
        if not folder.exists():
            shutil.copytree(RECIPES, folder)
        content = yaml.safe_load((RECIPES / f"{name}.yaml").read_text())
        for section, value in changes.items():
            content[section] = {**content.get(section, {}), **value} if isinstance(value, dict) else value
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


def curate(path, output, *arguments, returncode=0):
    """Returns what it printed and what it said while it ran."""
    result = subprocess.run(
        [BINARY, "curate", path, "--output", output, *arguments], capture_output=True, text=True, timeout=300)
    assert result.returncode == returncode, result.stderr
    return result.stdout, result.stderr


def records(path):
    text = gzip.open(path, "rt").read() if str(path).endswith(".gz") else path.read_text()
    return [json.loads(line) for line in text.splitlines()]


def small(recipe, prompts=40, samples=8):
    content = yaml.safe_load((RECIPES / "arithmetic.yaml").read_text())
    content["prompts"][0]["limit"] = prompts
    return recipe("arithmetic", prompts=content["prompts"], generate={"samples": samples})


def test_arithmetic_is_right(recipe, tmp_path):
    output, progress = curate(small(recipe), tmp_path / "set.jsonl")
    assert "40 prompts, 320 answers" in output and "generate  40 prompts" in progress
    rows = records(tmp_path / "set.jsonl")
    assert 36 <= len(rows) <= 40
    for row in rows:
        question, answer = (message["content"] for message in row["messages"])
        a, operator, b = re.fullmatch(r"What is (\d+) ([+-]) (\d+)\?", question).groups()
        result = int(a) + int(b) if operator == "+" else int(a) - int(b)
        assert answer.endswith(f"= {result}"), row
        assert row["metadata"]["generator"]["licence"] == "Apache-2.0"
        assert row["metadata"]["sampler"] == {"temperature": 1, "max_tokens": 32, "n": 8}
    digest = rows[0]["metadata"]["generator"]["sha256"]
    model = ROOT / "Sources" / "CBundledModel" / "model.gguf"
    assert subprocess.check_output(["sha256sum", model], text=True).split()[0] == digest


def test_tool_calls_fit_and_are_those_wanted(recipe, tmp_path):
    curate(recipe("tool-calls", generate={"samples": 2}), tmp_path / "set.jsonl")
    rows = records(tmp_path / "set.jsonl")
    assert len(rows) >= 30
    tools = json.loads((RECIPES / "tools.json").read_text())
    for row in rows:
        [call] = row["messages"][-1]["tool_calls"]
        wanted = row["metadata"]["fields"]["reference"]
        assert call["id"] == "call_0" and call["function"]["name"] == wanted["name"]
        assert json.loads(call["function"]["arguments"]) == wanted["arguments"]
        assert row["tools"] == tools
        assert [item["id"] for item in row["logprobs"]] == row["token_ids"]
        assert all(len(item["top_logprobs"]) == 5 and item["logprob"] <= 0 for item in row["logprobs"])
        assert len(row["prompt_token_ids"]) > len(row["token_ids"]) > 0
    text = "".join(item["token"] for item in rows[0]["logprobs"])
    ids = subprocess.check_output([BINARY, "tokenize", "--ids", text], text=True).split()
    assert [int(id) for id in ids] == rows[0]["token_ids"]


def run_until(path, output, seconds):
    process = subprocess.Popen(
        [BINARY, "curate", path, "--output", output], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return process.returncode


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(recipe, tmp_path):
    path = small(recipe, prompts=60)
    start = time.monotonic()
    curate(path, tmp_path / "whole.jsonl")
    duration = time.monotonic() - start
    chance = random.Random(5)
    codes = [run_until(path, tmp_path / "killed.jsonl", chance.uniform(0.1, 0.6) * duration) for _ in range(8)]
    assert -signal.SIGKILL in codes
    curate(path, tmp_path / "killed.jsonl")
    for ending in [".jsonl", ".report.html"]:
        whole, killed = ((tmp_path / f"{name}{ending}").read_bytes() for name in ["whole", "killed"])
        assert whole == killed
    assert not list(tmp_path.glob("*.partial"))


def count(work, table):
    with contextlib.closing(sqlite3.connect(work / "work.sqlite")) as database:
        return database.execute(f"select count(*) from {table}").fetchone()[0]


def test_a_change_does_again_what_depends_on_it(recipe, tmp_path):
    output, work = tmp_path / "set.jsonl", tmp_path / "set.work"
    path = small(recipe, prompts=20, samples=4)
    curate(path, output)
    first = output.read_bytes()
    assert count(work, "generate") == 20 and 20 <= count(work, "verify") <= 80
    verified = re.compile(r"^verify +(\d+) different answers, \1 of an earlier run", re.M)

    # The rules' thresholds and the export's format: nothing is drawn or verified again.
    text = path.read_text()
    path.write_text(text.replace("max-words: 20", "max-words: 2"))
    _, progress = curate(path, output)
    assert "20 prompts, 20 of an earlier run" in progress and verified.search(progress)
    assert records(output) == []

    # The verifier's file: the same answers are verified again.
    path.write_text(text)
    checker = path.parent / "check_sum.py"
    checker.write_text(checker.read_text() + "\n# changed\n")
    _, progress = curate(path, output)
    assert "20 prompts, 20 of an earlier run" in progress and not verified.search(progress)
    assert output.read_bytes() == first

    # More prompts: only the new ones are drawn. Another seed: all of them.
    content = yaml.safe_load(text)
    content["prompts"][0]["values"]["a"] = [1, 2, 3]
    content["prompts"][0]["values"]["b"] = [4]
    path.write_text(yaml.safe_dump(content))
    curate(path, output)
    content["prompts"][0]["values"]["a"] = [1, 2, 3, 5]
    path.write_text(yaml.safe_dump(content))
    _, progress = curate(path, output)
    assert "8 prompts, 6 of an earlier run" in progress
    content["seed"] = 9
    path.write_text(yaml.safe_dump(content))
    assert re.search(r"^generate +8 prompts, \d+ s$", curate(path, output)[1], re.M)


def test_a_folder_is_one_runs_at_a_time(recipe, tmp_path):
    path = small(recipe, prompts=500, samples=16)
    process = subprocess.Popen(
        [BINARY, "curate", path, "--output", tmp_path / "set.jsonl"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "set.work" / "work.sqlite-wal").exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        _, error = curate(path, tmp_path / "set.jsonl", returncode=1)
        assert "is in use by another run" in error
    finally:
        process.kill()
        process.wait()


def test_a_dry_run_plans_and_writes_nothing(recipe, tmp_path):
    plan, _ = curate(small(recipe), tmp_path / "set.jsonl", "--dry-run")
    assert re.search(r"^prompts\s+40$", plan, re.M) and re.search(r"^time\s+about \d+", plan, re.M)
    assert re.search(r"^generate\s+drover-demo: 40 of 40 requests to go, 8 answers each$", plan, re.M)
    assert re.search(r"^tokens\s+about \d+ in, \d+ out", plan, re.M)
    assert [path.name for path in tmp_path.iterdir()] == ["recipes"]


def test_mistakes_are_named(recipe, tmp_path):
    path = recipe("arithmetic")
    path.write_text((RECIPES / "arithmetic.yaml").read_text().replace("samples:", "sample:"))
    _, error = curate(path, tmp_path / "set.jsonl", returncode=1)
    assert "arithmetic.yaml:12: 'generate.sample' is not known; did you mean 'samples'? Allowed here: " in error
    one = {"prompts": [{"template": "What is 1 + 2?"}]}
    path = recipe("arithmetic", verify=[{"command": ["/no/such/program"]}], **one)
    _, error = curate(path, tmp_path / "set.jsonl", returncode=1)
    assert "the verifier 'program' cannot decide" in error
    path = recipe("arithmetic", models={"big": {"url": "http://127.0.0.1:9"}}, generate={"retries": 0}, **one)
    _, error = curate(path, tmp_path / "set.jsonl", returncode=1)
    assert "the model 'big':" in error


class Flaky(BaseHTTPRequestHandler):
    """Passes requests on to a server, but fails every third one."""

    count = 0

    def do_POST(self):
        Flaky.count += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Flaky.count % 3 == 0:
            return self.answer(503, b'{"error": {"message": "busy"}}')
        with urllib.request.urlopen(f"{self.server.behind}{self.path}", body) as answer:
            self.answer(answer.status, answer.read())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_gives_the_same_set_and_failures_are_tried_again(recipe, tmp_path, server):
    curate(small(recipe, 12, 4), tmp_path / "local.jsonl")
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    proxy.behind = server.url
    Thread(target=proxy.serve_forever, daemon=True).start()
    path = small(recipe, 12, 4)
    content = yaml.safe_load(path.read_text())
    content["models"] = {"remote": {"url": f"http://127.0.0.1:{proxy.server_port}/v1", "licence": "llama3"}}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    output, _ = curate(path, tmp_path / "remote.jsonl")
    proxy.shutdown()
    assert "may not be used to improve" in output
    local, remote = (records(tmp_path / f"{name}.jsonl") for name in ["local", "remote"])
    assert [row["messages"] for row in local] == [row["messages"] for row in remote]
    assert remote[0]["metadata"]["generator"]["licence"] == "llama3" and Flaky.count > 12


def test_judges_embeddings_pairs_and_gzip(recipe, tmp_path):
    path = recipe(
        "arithmetic",
        prompts=[{
            "template": "What is {a} {operator} {b}?",
            "values": {"a": {"from": 70, "to": 79}, "operator": ["+"], "b": [18, 29]},
        }],
        generate={"samples": 8, "temperature": 1.6},
        judge=[{"rubric": "quality"}, {"rubric": "difficulty"}],
        dedup={"semantic": {"threshold": 0.9999}, "near": {"threshold": 0.9}},
        select={"best": 1, "score": "judge"},
        export={"format": "dpo", "gzip": True},
    )
    output, progress = curate(path, tmp_path / "pairs.jsonl.gz")
    rows = records(tmp_path / "pairs.jsonl.gz")
    assert rows and "embed" in progress and "20 prompts" in progress
    for row in rows:
        assert row["chosen"] != row["rejected"] and row["prompt"][0]["role"] == "user"
        assert set(row["metadata"]["scores"]) == {"check_sum", "quality", "difficulty"}
        assert 0 <= row["metadata"]["scores"]["quality"] <= 1
    assert any("check_sum: the result is" in row["metadata"].get("rejected_by", "") for row in rows)
    assert count(tmp_path / "pairs.work", "embed") > 0

    content = yaml.safe_load(path.read_text())
    content["rules"] = {"length": {"max-words": 1}}
    path.write_text(yaml.safe_dump(content))
    curate(path, tmp_path / "pairs.jsonl.gz")
    assert records(tmp_path / "pairs.jsonl.gz") == []


def test_prompts_may_be_written_by_the_model(recipe, tmp_path):
    path = recipe(
        "arithmetic", verify=[], rules={},
        prompts=[{"seeds": "Tell me a story about a {animal}.", "values": {"animal": ["cat", "dog"]}, "each": 3}],
        generate={"samples": 1, "max-tokens": 24}, export={"format": "sharegpt"})
    curate(path, tmp_path / "set.jsonl")
    rows = records(tmp_path / "set.jsonl")
    assert 2 <= len(rows) <= 6
    assert all([turn["from"] for turn in row["conversations"]] == ["human", "gpt"] for row in rows)
    assert {row["metadata"]["fields"]["animal"] for row in rows} == {"cat", "dog"}


def test_the_report_stands_alone(recipe, tmp_path):
    curate(small(recipe), tmp_path / "set.jsonl")
    page = (tmp_path / "set.report.html").read_text()
    assert "http" not in page and "<script" not in page and "src=" not in page
    drawings = [xml.etree.ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.S)]
    labels = [drawing.get("aria-label") for drawing in drawings]
    for label in ["Answers left behind each stage", "Answers dropped", "Clusters of duplicates by size",
                  "score of check_sum", "characters of the answer"]:
        assert label in labels
    assert "Prompts solved by the number of answers" in labels and "the result is" in page


def test_bench_dedup_finds_its_copies():
    report = json.loads(subprocess.check_output([BINARY, "bench", "dedup", "--documents", "3000", "--json"]))
    assert report["recall"] >= 0.95 and report["precision"] == 1 and report["dropped"] >= report["copies"] > 50
