"""A template of the operator's own, and what it refuses."""

import json
import urllib.error
import urllib.request

import pytest

TEMPLATE = """{%- if messages[0]['content'] == 'refuse me' %}{{ raise_exception('Roles must alternate') }}{% endif -%}
{{ bos_token }}{{ messages[0]['content'] }}{{ eos_token }}"""


def ask(server, content):
    body = json.dumps({"messages": [{"role": "user", "content": content}], "max_tokens": 4}).encode()
    with urllib.request.urlopen(f"{server.url}/v1/chat/completions", body, timeout=60) as answer:
        return json.load(answer)


def test_a_refusal_of_the_template_is_400_with_its_reason(start, tmp_path):
    file = tmp_path / "template.jinja"
    file.write_text(TEMPLATE)
    server = start("--chat-template", str(file))
    # Begin token, one digit, end token.
    assert ask(server, "7")["usage"]["prompt_tokens"] == 3
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(server, "refuse me")
    assert caught.value.code == 400
    error = json.load(caught.value)["error"]
    assert (error["param"], error["message"]) == ("messages", "Roles must alternate")
