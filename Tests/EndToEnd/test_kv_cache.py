"""Keys and values in 8 bits: half the memory, right answers, and the same text whoever else is served."""

import concurrent.futures
import json
import urllib.request


def answer(server, question):
    body = {"messages": [{"role": "user", "content": question}], "temperature": 0}
    request = urllib.request.Request(server.url + "/v1/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["choices"][0]["message"]["content"]


def test_8_bit_keys_and_values_serve(start, server):
    small = start("--kv-cache", "q8")
    assert "82" in answer(small, "What is 47 + 35?")
    # Head size 32: 2 * 32 + 4 bytes a head and position in place of 4 * 32; kernels in float32 have 2 * (32 + 4) for 8 * 32.
    full, half = (s.metrics()["drover_kv_block_bytes"] for s in (server, small))
    assert half / full in (68 / 128, 72 / 256)

    questions = [f"Tell me a short story about a {animal} and a kite." for animal in ("fox", "owl", "bear", "cat")]
    alone = [answer(small, question) for question in questions]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: answer(small, question), questions)) == alone
