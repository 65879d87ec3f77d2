"""Real answers have the shapes that openapi.yaml promises."""

import json
import urllib.error
import urllib.request

import jsonschema
import pytest
import yaml

from conftest import ROOT

DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text())


def validate(value, schema):
    """Schemas of OpenAPI 3.1 are JSON schemas, which refer to others of the document."""
    checker = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]})
    assert not [error.message for error in checker.iter_errors(value)], value


def send(server, path, body):
    request = urllib.request.Request(server.url + path, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("path, body, whole, chunk", [
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "What is 47 + 35?"}]},
     "ChatCompletion", "ChatCompletionChunk"),
    ("/v1/completions", {"prompt": "one two three one two three"}, "Completion", "Completion"),
])
def test_answers_have_the_shapes_of_the_document(server, path, body, whole, chunk):
    body |= {"n": 2, "max_tokens": 40}
    validate(body, whole + "Request")
    validate(json.loads(send(server, path, body)), whole)
    body |= {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True, "timings_per_token": True}
    validate(body, whole + "Request")
    data = [line[6:] for line in send(server, path, body).splitlines() if line.startswith("data: ")]
    for event in data[:-1]:
        validate(json.loads(event), chunk)
    with pytest.raises(urllib.error.HTTPError) as failure:
        send(server, path, body | {"stream": False})
    validate(json.load(failure.value), "Error")
