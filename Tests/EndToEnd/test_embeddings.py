"""Embeddings with the official client, which asks for base64 when its user does not say (api.md 3, detail 34)."""

import json

import openai
import pytest

from test_openapi import send, validate


@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def test_vectors_have_length_one_in_either_encoding(client, server):
    texts = ["What is 47 + 35?", "Tell me a story.", "What is 47 + 36?"]
    packed = client.embeddings.create(model="drover-demo", input=texts)
    plain = client.embeddings.create(model="drover-demo", input=texts, encoding_format="float")
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    for item in packed.data:
        assert sum(value * value for value in item.embedding) == pytest.approx(1, abs=1e-5)
    sums, story, others = (item.embedding for item in packed.data)
    likeness = lambda one, other: sum(a * b for a, b in zip(one, other))
    assert likeness(sums, others) > likeness(sums, story)
    validate(json.loads(send(server, "/v1/embeddings", {"input": texts})), "Embeddings")


def test_a_batch_larger_than_the_queue_is_served(client):
    answer = client.embeddings.create(model="drover-demo", input=[f"number {n}" for n in range(600)], dimensions=8)
    assert [item.index for item in answer.data] == list(range(600))
    assert {len(item.embedding) for item in answer.data} == {8}
