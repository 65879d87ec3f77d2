"""Tokens a second of a batch, and what an interactive client sees beside it. For a quiet machine.

    .build/test-venv/bin/python Tests/durability/throughput.py [--model MODEL.gguf] [--concurrency 16]
    .build/release/drover bench model MODEL.gguf --batches 16 --context 128       # to compare with
"""

import argparse
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from conftest import Server  # noqa: E402
from test_batches import begin, client_of, jsonl, line, wait  # noqa: E402


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def interactive(client, model, rounds):
    """Median time to the first token, and p95 between two tokens, in milliseconds."""
    firsts, gaps = [], []
    for number in range(rounds):
        last = began = time.perf_counter()
        for chunk in client.completions.create(
                model=model, prompt=f"Story number {number}:", max_tokens=32, stream=True,
                extra_body={"ignore_eos": True}):
            now = time.perf_counter()
            if chunk.choices and chunk.choices[0].text:
                (firsts if last == began else gaps).append(1000 * (now - last))
                last = now
    return percentile(firsts, 0.5), percentile(gaps, 0.95)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model")
    options.add_argument("--concurrency", default="16")
    options.add_argument("--lines", type=int, default=256)
    options.add_argument("--tokens", type=int, default=64)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = ["--model", options.model] if options.model else []
        server = Server("--state-dir", folder + "/state", "--batch-concurrency", options.concurrency, *model)
        client = client_of(server)
        name = client.models.list().data[0].id
        fields = {"model": name, "max_tokens": options.tokens, "ignore_eos": True}
        content = jsonl(line(number, **fields) for number in range(options.lines))
        began = time.perf_counter()
        batch = wait(client, begin(client, content), 7200)
        seconds = time.perf_counter() - began
        assert batch.request_counts.completed == options.lines, batch
        print(f"batch: {options.lines * options.tokens / seconds:.1f} tokens/s generated")
        alone = interactive(client, name, 20)
        batch = begin(client, jsonl(line(number, **fields) for number in range(10 * options.lines)))
        while client.batches.retrieve(batch.id).request_counts.completed < int(options.concurrency):
            time.sleep(0.1)
        beside = interactive(client, name, 20)
        client.batches.cancel(batch.id)
        wait(client, batch)
        for what, first, second in zip(("first token, p50", "between tokens, p95"), alone, beside):
            print(f"{what}: {first:.1f} ms alone, {second:.1f} ms beside a batch: {second / first:.2f} x")
        assert server.stop() == 0


main()
