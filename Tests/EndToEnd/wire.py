"""Requests byte by byte, where a client library would hide what is on the wire."""

import http.client
import json
import socket

QUESTION = [{"role": "user", "content": "What is 47 + 35?"}]
STORY = [{"role": "user", "content": "Tell me a story about a fox and a ball."}]
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}}}
CHAT = "/v1/chat/completions"


def connect(server):
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)


def send(connection, method, path, body=None, **headers):
    """Status, headers and body of the answer; the connection may be used again."""
    content = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    connection.request(method, path, content, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def post(server, path, body, **headers):
    status, headers, content = send(connect(server), "POST", path, body, **headers)
    return status, headers, json.loads(content)


def answer(server, path=CHAT, **body):
    """The answer of a request that succeeds; chats ask the usual question if no other."""
    if path == CHAT:
        body = {"messages": QUESTION, "temperature": 0} | body
    status, _, content = post(server, path, body)
    assert status == 200, content
    return content


def stream(server, path=CHAT, **body):
    """The data of all events of a stream, the last of which is [DONE]."""
    body = ({"messages": QUESTION, "temperature": 0} if path == CHAT else {}) | body | {"stream": True}
    status, _, content = send(connect(server), "POST", path, body)
    assert status == 200, content
    events = content.decode().split("\n\n")
    assert events.pop() == "" and events.pop() == "data: [DONE]"
    # Comments show that the connection lives.
    return [json.loads(event.removeprefix("data: ")) for event in events if not event.startswith(":")]


def error(server, path=CHAT, **body):
    """Status and error of a request that fails."""
    if path == CHAT:
        body = {"messages": QUESTION} | body
    status, headers, content = post(server, path, body)
    assert headers["Content-Type"] == "application/json"
    assert content["error"]["code"] is None or isinstance(content["error"]["code"], str)
    return status, content["error"]


def raw(server, request):
    """All bytes that come back until the server closes or is silent behind an answer that is whole."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received
