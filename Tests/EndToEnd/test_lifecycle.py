"""Start and stop: SIGTERM lets streams finish and refuses new work; wrong settings end with a clear message."""

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import BINARY

STORY = {"messages": [{"role": "user", "content": "Tell me a short story about a bear and a boat."}], "stream": True}


def open_stream(server):
    request = urllib.request.Request(server.url + "/v1/chat/completions", json.dumps(STORY).encode())
    return urllib.request.urlopen(request, timeout=60)


def test_sigterm_drains(start):
    server = start()
    streams = [open_stream(server) for _ in range(8)]
    firsts = [stream.readline() for stream in streams]
    server.terminate()
    with pytest.raises(urllib.error.URLError):
        # Either the listener is closed, or the answer is 503 with Retry-After.
        for _ in range(100):
            open_stream(server).close()
    texts = [first + stream.read() for first, stream in zip(firsts, streams)]
    assert all(text.rstrip().endswith(b"data: [DONE]") for text in texts)
    assert server.process.wait(timeout=30) == 0


LONG = STORY | {"max_tokens": 3500, "ignore_eos": True}


def open_long_streams(server, count=16):
    url, body = server.url + "/v1/chat/completions", json.dumps(LONG).encode()
    streams = [urllib.request.urlopen(url, body, timeout=60) for _ in range(count)]
    for stream in streams:
        stream.readline()
    return streams


def test_O1_sigterm_idle(start):
    server = start()
    begin = time.monotonic()
    server.terminate()
    assert server.process.wait(timeout=10) == 0
    assert time.monotonic() - begin < 1.5


def test_O2_what_outlasts_the_drain_ends_with_an_error_event(start):
    server = start("--drain-timeout", "1")
    streams = open_long_streams(server)
    begin = time.monotonic()
    server.terminate()
    # `read` raises when a body is cut before its last chunk.
    texts = [stream.read().decode() for stream in streams]
    assert server.process.wait(timeout=30) == 0
    assert time.monotonic() - begin < 5
    events = [[event.removeprefix("data: ") for event in text.strip().split("\n\n")] for text in texts]
    assert all(event.pop() == "[DONE]" for event in events)
    lasts = [json.loads(event[-1]) for event in events]
    ended = [last["error"] for last in lasts if "error" in last]
    assert ended and all(error["type"] == "server_error" for error in ended), lasts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_O3_a_second_signal_ends_at_once(start, number):
    server = start()
    streams = open_long_streams(server)
    server.process.send_signal(number)
    time.sleep(0.3)
    assert server.process.poll() is None
    begin = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(timeout=10) == 128 + number
    assert time.monotonic() - begin < 1
    for stream in streams:
        stream.close()


def test_O4_it_answers_and_can_be_ended_while_it_loads(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Compared with that of the bundled model, which loads in tenths of a second, this K/V pool takes its time.
    arguments = [BINARY, "serve", "--port", str(port), "--kv-cache-bytes", "2GiB"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5) as alive:
                    assert alive.status == 200
                break
            except OSError:
                assert time.monotonic() < deadline
        begin = time.monotonic()
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - begin < 2
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--model", "/nonexistent.gguf"], ["/nonexistent.gguf"]),
        (["--port", "99999"], ["port"]),
        (["--config", "/nonexistent.yaml"], ["/nonexistent.yaml"]),
        (["--kv-cache-bytes", "many"], ["kv-cache-bytes"]),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    result = subprocess.run([BINARY, "serve", "--port", "0", *arguments], capture_output=True, timeout=60)
    assert result.returncode not in (0, -4, 132)
    assert all(word in result.stderr.decode() for word in words), result.stderr


def test_settings_come_from_variables_and_a_file(start, tmp_path):
    settings = tmp_path / "drover.yaml"
    settings.write_text("alias: from-file\nhost: 127.0.0.1\n")
    server = start("--config", str(settings))
    with urllib.request.urlopen(server.url + "/v1/models") as answer:
        assert json.load(answer)["data"][0]["id"] == "from-file"
    server = start("--config", str(settings), DROVER_ALIAS="from-variable")
    with urllib.request.urlopen(server.url + "/v1/models") as answer:
        assert json.load(answer)["data"][0]["id"] == "from-variable"
