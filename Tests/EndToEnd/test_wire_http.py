"""Details 1 to 11, 33, 38, 42, 46 and 47 of what clients depend on (api.md 3): HTTP around the answers.

Elsewhere: 4 in test_queue.py and test_keys.py, 41 with files and batches."""

import json
import re
import subprocess
import urllib.parse

import pytest

import wire
from conftest import BINARY
from wire import CHAT, QUESTION, connect, send


def test_01_a_stream_ends_with_its_last_chunk(server):
    body = json.dumps({"messages": QUESTION, "stream": True}).encode()
    answer = wire.raw(server, b"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
        CHAT.encode(), len(body), body))
    assert answer.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


@pytest.mark.direct("the connection is the proxy's", proxies=["nginx"])
def test_02_the_connection_lives_on_behind_a_stream(server):
    connection = connect(server)
    for _ in range(3):
        status, headers, _ = send(connection, "POST", CHAT, {"messages": QUESTION, "stream": True})
        assert status == 200 and int(headers["Keep-Alive"].removeprefix("timeout=")) >= 75
        local = connection.sock.getsockname()
    send(connection, "GET", "/health")
    assert connection.sock.getsockname() == local


def head_and_body(method, path, body=None, chunked=False):
    """A request in two parts. The empty line between them is missing, so that a field can be added."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    content = b"" if body is None else json.dumps(body).encode() if isinstance(body, dict) else body
    if chunked:
        return head + "Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    return head + (f"Content-Length: {len(content)}\r\n" if body is not None else ""), content


#: What leaves a connection open, answered well or refused at any of the places where that happens.
LASTING = [
    (status, head_and_body(*request)) for status, *request in [
        (200, "GET", "/v1/models"), (200, "HEAD", "/health"), (204, "OPTIONS", CHAT),
        (404, "GET", "/nowhere"), (404, "POST", "/nowhere", b""), (405, "DELETE", CHAT), (501, "GET", "/v1/files"),
        (400, "POST", CHAT, b"{"), (400, "POST", CHAT, b"{", True), (400, "POST", CHAT, {}),
        (404, "POST", CHAT, {"messages": QUESTION, "model": "other"}),
        (200, "POST", CHAT, {"messages": QUESTION, "max_tokens": 2}),
        (200, "POST", CHAT, {"messages": QUESTION, "max_tokens": 2, "stream": True}),
        (200, "POST", "/tokenize", {"content": "a"}, True),
    ]
]


@pytest.mark.parametrize("first", range(len(LASTING)))
def test_a_request_is_answered_the_same_behind_any_other(server, first):
    """Two in one packet: what one leaves unread must not become part of the next."""
    expected, (head, body) = LASTING[first]
    for status, (next_head, next_body) in LASTING:
        both = (head + "\r\n").encode() + body + (next_head + "Connection: close\r\n\r\n").encode() + next_body
        statuses = re.findall(rb"HTTP/1\.1 (\d+)", wire.raw(server, both))
        assert statuses == [b"%d" % expected, b"%d" % status], (head, next_head)


@pytest.mark.parametrize("body", [
    b"{", b"", b"[]", b"null", b'"x"', b"\xff", b'{"messages": "x"}', b'{"messages": [{}]}', b'{"messages": [1]}',
    b'{"messages": [{"role": 1, "content": ""}]}', b'{"messages": [{"role": "user", "content": 1}]}',
    b'{"messages": [{"role": "user", "content": "a", "x": 1}]}', b"[" * 100000])
def test_03_mistakes_are_no_server_errors(server, body):
    status, _, content = send(connect(server), "POST", CHAT, body)
    assert status == 400 and json.loads(content)["error"]["type"] == "invalid_request_error"


def test_05_every_answer_has_a_request_id(server):
    for method, path, body in [("GET", "/health", None), ("GET", "/nowhere", None), ("POST", CHAT, b"{"),
                               ("POST", CHAT, {"messages": QUESTION}), ("DELETE", CHAT, None), ("GET", "/metrics", None)]:
        assert send(connect(server), method, path, body)[1]["x-request-id"], path
        assert send(connect(server), method, path, body, x_request_id="mine-1")[1]["x-request-id"] == "mine-1"


def test_06_a_clients_read_time_out_ends_the_work(server):
    status, _, content = wire.post(
        server, CHAT, {"messages": wire.STORY, "max_tokens": 3000, "ignore_eos": True}, x_stainless_read_timeout="0.05")
    assert status == 408 and content["error"]["code"] == "timeout"


def test_07_what_clients_do_with_http(server):
    body = json.dumps({"messages": QUESTION}).encode()
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" % CHAT.encode()
    assert wire.raw(server, head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).count(b"HTTP/1.1 ") in (1, 2)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    assert wire.raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked).startswith(b"HTTP/1.1 200")
    status, headers, content = send(connect(server), "HEAD", "/health")
    assert status == 200 and content == b"" and int(headers["Content-Length"]) > 0
    for path in ("/v1/models/", "/v1/v1/models", "/models"):
        assert send(connect(server), "GET", path)[0] == 200, path


def test_07_a_preflight_needs_no_key(start, tmp_path):
    keys = tmp_path / "keys.yaml"
    subprocess.run([BINARY, "key", "new", "alice", "--file", keys], check=True, capture_output=True)
    server = start("--api-key-file", str(keys), "--open-routes", "/health/ready", "--cors-origins", "https://page.example")
    status, headers, _ = send(
        connect(server), "OPTIONS", CHAT, Origin="https://page.example", Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,content-type,x-stainless-lang,x-request-id")
    assert status in (200, 204) and "POST" in headers["Access-Control-Allow-Methods"]
    allowed = headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "x-stainless-lang", "x-request-id"))
    assert send(connect(server), "POST", CHAT, {"messages": QUESTION}, Origin="https://page.example")[0] == 401


def test_08_streams_and_errors_have_their_types(server):
    assert send(connect(server), "POST", CHAT, {"messages": QUESTION, "stream": True})[1]["Content-Type"] == "text/event-stream"
    for change in ({"temperature": 9}, {"model": "other"}, {"messages": [{"role": "user", "content": "a b " * 5000}]}):
        status, headers, content = send(connect(server), "POST", CHAT, {"messages": QUESTION, "stream": True} | change)
        assert status in (400, 404) and headers["Content-Type"] == "application/json" and json.loads(content)["error"]


def test_09_models_answer_under_both_bases_and_while_it_generates(server):
    busy = connect(server)
    busy.request("POST", CHAT, json.dumps({"messages": wire.STORY, "stream": True, "ignore_eos": True, "max_tokens": 2000}))
    for path in ("/models", "/v1/models"):
        status, _, content = send(connect(server), "GET", path)
        models = json.loads(content)
        assert status == 200 and [model["id"] for model in models["data"]] == ["drover-demo"] and "error" not in models
    busy.close()


@pytest.mark.parametrize("headers", [
    {"Authorization": "Bearer sk-no-key-required"}, {"Authorization": "Bearer EMPTY"}, {"x_api_key": "any"}])
def test_10_any_key_will_do_where_there_are_none(server, headers):
    assert send(connect(server), "GET", "/v1/models", **headers)[0] == 200


@pytest.mark.direct("it takes the header that is for it", proxies=["nginx"])
def test_11_nothing_on_the_way_holds_a_stream_back(server):
    _, headers, content = send(
        connect(server), "POST", CHAT, {"messages": QUESTION, "stream": True}, Accept_Encoding="gzip")
    assert headers["X-Accel-Buffering"] == "no" and headers["Cache-Control"] == "no-cache"
    assert headers["Content-Encoding"] is None and content.startswith(b"data: ")


def test_33_an_answer_is_an_object_with_choices(server):
    for body in ({"max_tokens": 1}, {"tools": [wire.WEATHER], "tool_choice": "required"}, {"n": 3}):
        answer = wire.answer(server, **body)
        assert len(answer["choices"]) == body.get("n", 1) and "error" not in answer


PROXY_REFUSES = pytest.mark.direct("the proxy refuses it itself")


@pytest.mark.parametrize("method, path, headers, body, status", [
    ("GET", "/v1/nowhere", {}, None, 404), ("GET", CHAT, {}, None, 405), ("QUERY", "/v1/models", {}, None, 405),
    ("POST", CHAT, {"Content_Encoding": "br"}, b"x", 415), ("POST", CHAT, {}, b" " * (33 << 20), 413),
    pytest.param("GET", "/" + "a" * 20000, {}, None, 414, marks=PROXY_REFUSES),
    pytest.param("GET", "/health", {"x": "a" * 100000}, None, 431, marks=PROXY_REFUSES)])
def test_38_what_http_refuses_is_json_too(server, method, path, headers, body, status):
    connection = connect(server)
    connection.putrequest(method, path)
    for name, value in ({"Content-Length": str(len(body))} if body else {} | headers).items() | headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    if status != 413:
        connection.send(body or b"")
    answer = connection.getresponse()
    error = json.load(answer)["error"]
    assert answer.status == status and answer.headers["Content-Type"] == "application/json"
    assert error["message"] and (error["code"] is None or isinstance(error["code"], str))
    if status == 405:
        assert "OPTIONS" in answer.headers["Allow"]


def test_42_names_of_models_are_decoded_once(start):
    server = start("--alias", "org/llama%2F:8b")
    name = urllib.parse.quote("org/llama%2F:8b", safe="")
    status, _, content = send(connect(server), "GET", "/v1/models/" + name)
    assert status == 200 and json.loads(content)["id"] == "org/llama%2F:8b"
    assert send(connect(server), "GET", "/v1/models/org/llama%252F:8b")[0] == 200
    assert send(connect(server), "GET", "/v1/models/org%2Fllama%2F:8b")[0] == 404


def test_46_a_body_needs_no_content_type_and_may_end_in_a_line_feed(server):
    assert send(connect(server), "POST", CHAT, json.dumps({"messages": QUESTION}).encode() + b"\n")[0] == 200


def test_47_an_origin_is_allowed_by_name_and_without_credentials(start):
    server = start("--cors-origins", "https://page.example")
    _, headers, _ = send(connect(server), "GET", "/v1/models", Origin="https://page.example")
    assert headers["Access-Control-Allow-Origin"] == "https://page.example" and "Origin" in headers["Vary"]
    assert headers["Access-Control-Allow-Credentials"] is None
    assert send(connect(server), "GET", "/v1/models", Origin="https://other.example")[1]["Access-Control-Allow-Origin"] is None
    assert send(connect(server), "POST", CHAT, {"messages": QUESTION}, Origin="https://other.example")[0] == 403
