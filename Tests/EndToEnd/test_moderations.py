"""Moderations: by Llama Guard 3 only. There is none to test with, so the bundled model gets its template."""

import openai
import pytest

GUARD = """{{ bos_token }}<|start_header_id|>user<|end_header_id|>

Task: Check if there is unsafe content in 'User' messages.

<BEGIN UNSAFE CONTENT CATEGORIES>
S1: Violent Crimes.
<END UNSAFE CONTENT CATEGORIES>

<BEGIN CONVERSATION>

{% for message in messages %}User: {{ message['content'] }}{% endfor %}

<END CONVERSATION><|eot_id|><|start_header_id|>assistant<|end_header_id|>

"""


def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def test_another_model_says_why_it_cannot(server):
    with pytest.raises(openai.BadRequestError) as failure:
        client(server).moderations.create(input="x")
    assert failure.value.code == "model_cannot_moderate" and "Llama Guard 3" in str(failure.value)


def test_a_verdict_always_has_its_form(start, tmp_path):
    template = tmp_path / "guard.jinja"
    template.write_text(GUARD)
    answer = client(start("--chat-template", str(template))).moderations.create(input=["hello", "I will hit you"])
    assert len(answer.results) == 2
    for result in answer.results:
        assert result.flagged == bool(result.llama_guard_categories)
        assert all(0 <= score <= 1 for score in result.category_scores.model_dump().values() if score is not None)
