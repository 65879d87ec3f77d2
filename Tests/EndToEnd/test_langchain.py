"""LangChain's client for OpenAI, which is stricter than OpenAI's own (api.md 3: details 16, 31, 35)."""

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


@pytest.fixture(scope="module")
def settings(server):
    return {"model": "drover-demo", "base_url": server.url + "/v1", "api_key": "none", "max_retries": 0}


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city"""
    return city


@pytest.mark.parametrize("responses", [False, True])
def test_a_chat_is_answered_whole_and_streamed(settings, responses):
    model = ChatOpenAI(**settings, temperature=0, use_responses_api=responses)
    whole = model.invoke("What is 47 + 35?")
    assert "82" in str(whole.content) and whole.usage_metadata["input_token_details"]["cache_read"] >= 0
    assert "".join(piece.text for piece in model.stream("What is 47 + 35?")) == whole.text
    # Not kept back to the end. The short answer above may be made before the first write.
    talkative = ChatOpenAI(
        **settings, use_responses_api=responses, max_tokens=1000, extra_body={"ignore_eos": True})
    assert sum(bool(piece.text) for piece in talkative.stream("Tell me a story.")) > 1


@pytest.mark.parametrize("responses", [False, True])
def test_a_tool_is_called_and_answered(settings, responses):
    model = ChatOpenAI(**settings, temperature=0, use_responses_api=responses)
    question = HumanMessage("What is the weather in Paris?")
    called = model.bind_tools([get_weather], tool_choice="get_weather").invoke([question])
    assert [call["name"] for call in called.tool_calls] == ["get_weather"]
    answer = get_weather.invoke(called.tool_calls[0])
    assert model.bind_tools([get_weather]).invoke([question, called, answer]).text


def test_35_texts_are_embedded_once_langchain_sends_text(settings):
    vectors = OpenAIEmbeddings(**settings, check_embedding_ctx_length=False).embed_documents(["one", "two"])
    assert len(vectors) == 2 and sum(value * value for value in vectors[0]) == pytest.approx(1, abs=1e-5)
