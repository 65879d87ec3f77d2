"""Best of several answers, with a verifier that is a real command in its sandbox."""

import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import arithmetic_set
from conftest import BINARY, Server
from test_openapi import validate

CHECK = pathlib.Path(__file__).with_name("check_sum.py")


@pytest.fixture(scope="module")
def verifying(server, tmp_path_factory):
    """A server with verifiers, and another one with the same model as a judge."""
    settings = tmp_path_factory.mktemp("settings") / "drover.yaml"
    settings.write_text(f"""
verifiers:
  sum:
    command: [python3, {CHECK}]
    memory: 128MiB
  slow:
    command: [sleep, "1000"]
    time: 900s
  bomb:
    command: [sh, -c, "while :; do sleep 100 & done"]
    processes: 8
judges:
  twin:
    url: {server.url}/v1
max-verifiers: 8
""")
    verifying = Server("--config", str(settings))
    yield verifying
    assert verifying.stop() == 0


def best_of(server, **fields):
    messages = [{"role": "user", "content": "What is 47 + 35?"}]
    return arithmetic_set.best_of(server.url, fields.pop("messages", messages), 82, 1, **({"samples": 4} | fields))


def test_an_arithmetic_set_is_right_and_grows_as_predicted(verifying):
    rows, solved, predicted = arithmetic_set.make(verifying.url, prompts=16)
    assert rows and all(map(arithmetic_set.is_right, rows))
    assert solved[1] < solved[4] < solved[16]
    # 16 prompts: three standard deviations are at most 0.375.
    assert all(abs(solved[k] - predicted[k]) < 0.375 for k in arithmetic_set.SIZES), (solved, predicted)


def test_the_answer_has_the_shape_of_the_document_and_comes_again(verifying):
    messages = [{"role": "user", "content": "12 75 sum"}]
    scorers = [{"type": "verifier", "name": "sum"}, {"type": "majority"}, {"type": "judge", "rubric": "quality"}]
    fields = {"messages": messages, "samples": 6, "rounds": 2, "scorers": scorers}
    first, second = (best_of(verifying, **fields) for _ in range(2))
    validate(first, "BestOf")
    assert first["candidates"] == second["candidates"]
    assert any(candidate["trail"] for candidate in first["candidates"])


def test_a_judge_of_another_server_says_what_this_model_does(verifying):
    one, other = (
        best_of(verifying, scorers=[{"type": "judge", "rubric": "quality"} | judge])
        for judge in ({}, {"judge": "twin"}))
    scores = [[candidate["scores"][0]["probabilities"] for candidate in answer["candidates"]] for answer in (one, other)]
    assert scores[0] == scores[1]


def test_a_verifier_that_goes_too_far_is_named_and_the_server_goes_on(verifying):
    answer = best_of(verifying, scorers=[{"type": "verifier", "name": "bomb"}])
    assert {candidate["scores"][0]["failure"] for candidate in answer["candidates"]} == {"processes"}
    assert answer["best"] is None and answer["choices"] == []
    assert best_of(verifying)["best"] is not None


def sleepers():
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout.splitlines()
    return sum(line == "sleep 1000" for line in lines)


def test_a_client_that_leaves_ends_the_verifiers(verifying):
    before = sleepers()
    body = {"messages": [{"role": "user", "content": "What is 1 + 1?"}], "n": 4, "max_tokens": 20,
            "scorers": [{"type": "verifier", "name": "slow"}]}
    with socket.create_connection(("127.0.0.1", verifying.port)) as connection:
        data = json.dumps(body).encode()
        connection.sendall(b"POST /v1/best-of HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
        wait_until(lambda: sleepers() == before + 4)
    wait_until(lambda: sleepers() == before)


def wait_until(test, seconds=60):
    deadline = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_request_cannot_bring_a_verifier(verifying):
    with pytest.raises(urllib.error.HTTPError) as failure:
        best_of(verifying, scorers=[{"type": "verifier", "name": "sum", "command": ["true"]}])
    assert failure.value.code == 400 and json.load(failure.value)["error"]["param"] == "scorers[0].command"


@pytest.mark.parametrize("settings, complaint", [
    ("verifiers:\n  sum: {command: [/nowhere/check]}", "/nowhere/check: No such file"),
    ("verifiers:\n  sum: {comand: [true]}", "must have either a command or a url"),
    ("verifiers:\n  sum: {command: [true], memory: 3}", "'memory' must be an amount"),
    ("verifiers:\n  sum: {command: [true], net: yes}", "'net' is not known"),
    ("verifiers:\n  schema: {command: [true]}", "not 'schema'"),
    ("verifiers:\n  sum: {url: 'ftp://x'}", "'url' must be http"),
    ("judges:\n  big: {model: x}", "'url' is missing"),
])
def test_check_says_what_is_wrong_with_verifiers(tmp_path, settings, complaint):
    path = tmp_path / "drover.yaml"
    path.write_text(settings)
    result = subprocess.run([BINARY, "check", "--config", path, "--port", "0"], capture_output=True, text=True)
    assert result.returncode == 1 and complaint in result.stdout, result.stdout


@pytest.mark.skipif(BINARY.name == "hardened", reason="that makes a namespace itself")
def test_where_namespaces_are_forbidden_nothing_is_run(tmp_path):
    path = tmp_path / "drover.yaml"
    path.write_text("verifiers:\n  sum: {command: [sh, -c, true]}")
    # In a namespace that may have none below it, as on a machine whose sysctl says so.
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" "$@"'
    command = ["unshare", "-Ur", "sh", "-c", forbid, BINARY, "check", "--config", path, "--port", "0"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1 and "sysctl user.max_user_namespaces" in result.stdout, result.stdout
