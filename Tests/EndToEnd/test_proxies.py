"""Behind nginx and HAProxy with the configurations of deploy/: what clients see is what Drover says."""

import http.client
import json
import re
import shutil
import socket
import subprocess

import openai
import pytest

from conftest import BINARY, Server

QUESTION = [{"role": "user", "content": "What is 47 + 35?"}]
LONG = {"messages": QUESTION, "max_tokens": 3500, "ignore_eos": True, "stream": True}


@pytest.fixture(scope="module", params=["nginx-tcp", "nginx-unix", "haproxy-tcp", "haproxy-unix"])
def behind(request):
    name, over = request.param.split("-")
    if shutil.which(name, path="/usr/sbin:/usr/bin") is None:
        pytest.skip(f"{name} is not installed")
    server = Server(proxy=name, over=over)
    yield server
    assert server.stop() == 0


@pytest.fixture
def client(behind):
    return openai.OpenAI(base_url=f"{behind.url}/v1", api_key="none", max_retries=0, timeout=60)


def connection_from(server, address):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(address, 0))
    connection.connect()
    return connection


def post(server, body, address="127.0.0.1", **headers):
    connection = connection_from(server, address)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    return connection, connection.getresponse()


def test_whole_and_streamed_answers_are_the_same(client):
    asked = {"model": "drover-demo", "messages": QUESTION, "temperature": 0}
    whole = client.chat.completions.create(**asked).choices[0].message.content
    pieces = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked, stream=True)]
    assert "".join(pieces) == whole and "82" in whole
    # Not kept back to the end. The short answer above may be made before the first write.
    long = client.chat.completions.create(
        model="drover-demo", messages=QUESTION, max_tokens=1000, stream=True, extra_body={"ignore_eos": True})
    assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in long) > 1


@pytest.mark.parametrize("is_reset", [False, True])
def test_events_come_as_they_are_made_and_leaving_ends_the_request(behind, is_reset):
    """The first event is here while the request still runs; gone is the request when its client is."""
    before = aborted(behind.metrics())
    connection, answer = post(behind, LONG)
    assert answer.status == 200 and answer.readline().startswith(b"data: ")
    behind.wait_for_metric(lambda metrics: running(metrics) == 1)
    if is_reset:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    answer.close()
    connection.close()
    behind.wait_for_metric(lambda metrics: aborted(metrics) == before + 1 and running(metrics) == 0)


def test_leaving_before_a_whole_answer_ends_the_request(behind):
    before = aborted(behind.metrics())
    connection = connection_from(behind, "127.0.0.1")
    connection.request("POST", "/v1/chat/completions", json.dumps(LONG | {"stream": False}))
    behind.wait_for_metric(lambda metrics: running(metrics) > 0)
    connection.close()
    behind.wait_for_metric(lambda metrics: aborted(metrics) == before + 1 and running(metrics) == 0)


def running(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("vllm:num_requests_running"))


def aborted(metrics):
    return sum(value for name, value in metrics.items() if 'finished_reason="abort"' in name)


def test_a_body_too_large_is_refused_in_the_words_of_the_api(behind):
    connection = connection_from(behind, "127.0.0.1")
    connection.putrequest("POST", "/v1/chat/completions")
    connection.putheader("Content-Length", str(33 << 20))
    connection.endheaders(b"{")
    answer = connection.getresponse()
    assert answer.status == 413 and "error" in json.load(answer)


def test_requests_share_connections(behind):
    """One connection to the proxy carries many requests."""
    connection = connection_from(behind, "127.0.0.1")
    for _ in range(20):
        connection.request("GET", "/v1/models")
        answer = connection.getresponse()
        assert answer.status == 200 and json.load(answer)["data"][0]["id"] == "drover-demo"


def test_the_log_names_the_client(behind):
    headers = {"x-request-id": "who-is-it", "x-forwarded-for": "192.0.2.1"}
    connection, answer = post(behind, {"messages": QUESTION}, address="127.0.0.77", **headers)
    assert answer.status == 200 and answer.getheader("x-request-id") == "who-is-it" and answer.read()
    connection.close()
    behind.wait_for_metric(lambda _: any("who-is-it" in line for line in behind.log()))
    (line,) = [line for line in behind.log() if "id=who-is-it" in line]
    assert re.search(r" peer=127\.0\.0\.77( |$)", line), line


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_a_key_is_asked_for(tmp_path, name):
    if shutil.which(name, path="/usr/sbin:/usr/bin") is None:
        pytest.skip(f"{name} is not installed")
    file = tmp_path / "keys.yaml"
    made = subprocess.run([BINARY, "key", "new", "tester", "--file", file], capture_output=True, text=True, check=True)
    key = made.stdout.strip()
    server = Server("--api-key-file", str(file), "--open-routes", "/health/ready", proxy=name)
    try:
        for given, status in [(None, 401), ("no", 401), (key, 200)]:
            connection = connection_from(server, "127.0.0.1")
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {given}"} if given else {})
            assert connection.getresponse().status == status
            connection.close()
    finally:
        server.stop()
