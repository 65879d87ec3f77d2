"""The README's table of parameters is true in every cell."""

import re

import pytest

import wire
from conftest import ROOT

ROUTES = {
    "chat": ("/v1/chat/completions", {"messages": wire.QUESTION, "max_tokens": 1}),
    "completions": ("/v1/completions", {"prompt": "one", "max_tokens": 1}),
    "responses": ("/v1/responses", {"input": "one", "max_output_tokens": 1}),
    "messages": ("/v1/messages", {"messages": wire.QUESTION, "max_tokens": 1}),
}


def rows():
    """Each field with what the table says of it, by route."""
    section = (ROOT / "README.md").read_text().split("## Parameters")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    heads = lines[0][1:]
    return [(name, dict(zip(heads, cells))) for fields, *cells in lines[1:] for name in re.findall("`(.+?)`", fields)]


@pytest.mark.parametrize("field, cells", rows(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_field_is_honoured_ignored_or_refused(server, field, cells):
    for route, word in cells.items():
        path, body = ROUTES[route]
        # Nothing that is honoured may be a negative fraction, and what is ignored may be anything.
        odd = {"yes": -7.5, "checked": -7.5, "ignored": {"odd": [1]}, "no": 1}[word]
        status, _, content = wire.post(server, path, body | {field: odd})
        if word == "ignored":
            assert status == 200, (route, content)
            continue
        error = content["error"]
        is_unknown = error["code"] == "unsupported_parameter" and "nknown" in error["message"] or "not a field" in error["message"]
        assert status == 400 and field in (error["param"] or "") + error["message"], (route, error)
        if word in ("yes", "checked"):
            assert not is_unknown, (route, error)
        else:
            assert error["code"] == "unsupported_parameter", (route, error)
