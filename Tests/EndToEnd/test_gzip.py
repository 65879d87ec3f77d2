"""Content codings: gzip in requests and answers, bombs and damage refused by name, streams left alone."""

import gzip
import http.client
import json
import zlib

import pytest

QUESTION = {"messages": [{"role": "user", "content": "What is 47 + 35?"}], "temperature": 0}


def ask(server, method, path, body=b"", **fields):
    """Status, headers and bytes, as they came; http.client undoes no content coding."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    result = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return result


def post(server, body, coding="gzip", **fields):
    status, headers, text = ask(server, "POST", "/v1/chat/completions", body, Content_Encoding=coding, **fields)
    return status, headers, json.loads(text)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "identity", "identity, gzip"])
def test_a_request_may_be_compressed(server, coding):
    text = json.dumps(QUESTION).encode()
    status, _, answer = post(server, text if coding == "identity" else gzip.compress(text), coding)
    assert status == 200 and "82" in answer["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    "body, words",
    [
        (gzip.compress(json.dumps(QUESTION).encode())[:-3], "ends before"),
        (gzip.compress(json.dumps(QUESTION).encode())[:-8] + b"\0" * 8, "damaged"),
        (gzip.compress(json.dumps(QUESTION).encode()) + b"{}", "follow the end"),
        (gzip.compress(b"{}") + gzip.compress(json.dumps(QUESTION).encode()), "more than one member"),
        (json.dumps(QUESTION).encode(), "damaged"),
        (zlib.compress(json.dumps(QUESTION).encode()), "damaged"),
        (gzip.compress(b"not json"), "JSON"),
    ],
)
def test_a_damaged_body_is_a_bad_request(server, body, words):
    status, _, answer = post(server, body)
    assert status == 400 and words in answer["error"]["message"], answer


def test_a_bomb_is_refused_by_its_limit(server):
    before = server.metrics()["process_resident_memory_bytes"]
    for size, words in [(16 << 20, "100 to 1"), (256 << 20, "100 to 1"), (1 << 30, "33554432 bytes")]:
        status, _, answer = post(server, gzip.compress(b" " * size, 9))
        assert status == 413 and words in answer["error"]["message"], answer
    assert server.metrics()["process_resident_memory_bytes"] - before < 128 << 20


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "compress", "gzip, gzip", "gzip, br"])
def test_other_codings_are_refused_and_gzip_is_offered(server, coding):
    status, headers, answer = post(server, b"x", coding)
    assert status == 415 and headers["accept-encoding"] == "gzip" and "gzip" in answer["error"]["message"]


@pytest.mark.parametrize(
    "accepted, is_coded",
    [("gzip", True), ("gzip, deflate, br", True), ("*", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_long_answers_are_compressed_for_who_takes_it(server, accepted, is_coded):
    for path in ["/metrics", "/apply-template"]:
        body = json.dumps({"messages": [{"role": "user", "content": "fox " * 500}]}).encode()
        arguments = ("POST", path, body) if path != "/metrics" else ("GET", path)
        status, headers, text = ask(server, *arguments, Accept_Encoding=accepted)
        assert status == 200 and headers["vary"] == "Accept-Encoding" and int(headers["content-length"]) == len(text)
        assert (headers.get("content-encoding") == "gzip") == is_coded
        text = gzip.decompress(text) if is_coded else text
        assert b"drover_build_info" in text if path == "/metrics" else "fox fox" in json.loads(text)["prompt"]
    head = ask(server, "HEAD", "/metrics", Accept_Encoding=accepted)
    assert head[2] == b"" and (head[1].get("content-encoding") == "gzip") == is_coded


def test_short_answers_are_compressed_only_when_nothing_else_is_taken(server):
    assert "content-encoding" not in ask(server, "GET", "/health", Accept_Encoding="gzip")[1]
    status, headers, text = ask(server, "GET", "/health", Accept_Encoding="gzip, identity;q=0")
    assert headers["content-encoding"] == "gzip" and json.loads(gzip.decompress(text))["status"] == "ok"
    assert ask(server, "GET", "/health", Accept_Encoding="identity;q=0")[0] == 200


def test_streams_stay_as_they_are(server):
    body = json.dumps({**QUESTION, "stream": True}).encode()
    fields = {"Accept_Encoding": "gzip, identity;q=0", "Content_Encoding": "gzip"}
    status, headers, text = ask(server, "POST", "/v1/chat/completions", gzip.compress(body), **fields)
    assert status == 200 and "content-encoding" not in headers and text.endswith(b"data: [DONE]\n\n")
