"""kill -9 at random points of a batch: each custom_id exactly once, the same texts as undisturbed.

    .build/test-venv/bin/python Tests/durability/kill_points.py [--lines 1000] [--kills 100]
"""

import argparse
import pathlib
import random
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from conftest import Server  # noqa: E402
from test_batches import begin, client_of, jsonl, line, texts, usage_of_answers, wait  # noqa: E402


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1000)
    options.add_argument("--kills", type=int, default=100)
    options = options.parse_args()
    content = jsonl(line(number, temperature=1, seed=number, max_tokens=30) for number in range(options.lines))
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("--state-dir", folder + "/state")
        server = Server(*arguments)
        began = time.monotonic()
        expected = texts(client_of(server), wait(client_of(server), begin(client_of(server), content), 3600))
        whole = time.monotonic() - began
        batch, rounds = begin(client_of(server), content), 1
        for kill in range(options.kills):
            # Most kills within the run, whatever the machine: the part that one life gets on is about one of kills.
            time.sleep(random.uniform(0, 2 * whole / options.kills))
            server.process.kill()
            server.process.wait()
            server = Server(*arguments)
            client = client_of(server)
            batch = client.batches.retrieve(batch.id)
            if batch.status == "completed":
                assert texts(client, batch) == expected, f"kill {kill}"
                assert batch.usage.to_dict() == usage_of_answers(client, batch), f"kill {kill}"
                batch, rounds = begin(client, content), rounds + 1
        batch = wait(client_of(server), batch, 3600)
        assert batch.status == "completed" and texts(client_of(server), batch) == expected
        assert server.stop() == 0
    print(f"{options.kills} kills in {rounds} rounds of {options.lines} lines: the same texts, each exactly once")


main()
