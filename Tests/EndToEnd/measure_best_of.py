"""Time of one best-of request with K samples against K requests that share nothing, in turns.

    drover serve --model MODEL.gguf --max-samples 16
    python3 measure_best_of.py --url http://127.0.0.1:8080           # 846 tokens in, 536 out: the Llama 3 paper's lengths

Prints seconds of both and their ratio for each round. Standard library only.
"""

import argparse
import concurrent.futures
import json
import random
import time
import urllib.request


def post(url, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=7200) as answer:
        return json.load(answer)


def prompt_of(url, tokens, rng):
    """A text that the server's chat template makes a prompt of about so many tokens of, like none before it."""
    words = ["river", "stone", "letter", "market", "window", "garden", "mountain", "paper", "engine", "winter"]
    text = f"{rng.random()}"
    while True:
        messages = [{"role": "user", "content": text}]
        prompt = post(url, "/apply-template", {"messages": messages})["prompt"]
        count = len(post(url, "/tokenize", {"content": prompt})["tokens"])
        if count >= tokens:
            return messages, count
        text += "".join(" " + rng.choice(words) for _ in range(max(1, (tokens - count) // 8)))


def seconds(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def measure(url, samples, tokens_in, tokens_out, rng):
    messages, count = prompt_of(url, tokens_in, rng)
    fields = {"messages": messages, "max_tokens": tokens_out, "ignore_eos": True, "temperature": 1, "seed": 1}
    together = seconds(lambda: post(url, "/v1/best-of", fields | {"n": samples, "cache_prompt": False}))
    with concurrent.futures.ThreadPoolExecutor(samples) as pool:
        # `cache_prompt: false` keeps what each computes to itself.
        bodies = [fields | {"seed": seed, "cache_prompt": False} for seed in range(samples)]
        apart = seconds(lambda: list(pool.map(lambda body: post(url, "/v1/chat/completions", body), bodies)))
    print(f"{count} in, {tokens_out} out: {together:.1f} s against {apart:.1f} s: {apart / together:.2f} x", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--tokens-in", type=int, default=846)
    parser.add_argument("--tokens-out", type=int, default=536)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    rng = random.Random()
    for _ in range(arguments.rounds):
        measure(arguments.url, arguments.samples, arguments.tokens_in, arguments.tokens_out, rng)
