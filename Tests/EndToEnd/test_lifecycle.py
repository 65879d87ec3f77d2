"""Start and stop: SIGTERM lets streams finish and refuses new work; wrong settings end with a clear message."""

import json
import subprocess
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
    result = subprocess.run([BINARY, "serve", *arguments], capture_output=True, timeout=60)
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
