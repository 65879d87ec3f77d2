"""ENOSPC and EIO injected by strace into the writes and syncs of batches.

    .build/test-venv/bin/python Tests/durability/disk_faults.py [--points 20]    # as root, with strace
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import openai

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from conftest import Server  # noqa: E402
from test_batches import begin, client_of, jsonl, line, texts, wait  # noqa: E402

CALLS = ("pwrite64", "fsync", "ftruncate", "fdatasync")


def inject(server, call, error, first):
    """A few failures, from the nth call on; then the disk is well again."""
    strace = subprocess.Popen(
        ["strace", "-f", "-q", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:error={error}:when={first}..{first + 2}", "-p", str(server.process.pid)])
    time.sleep(1)
    assert strace.poll() is None, "strace does not run"
    return strace


def create(client, file):
    """A request that a fault hits is refused with a reason, and leaves nothing; the next one gets through."""
    while True:
        try:
            return client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        except openai.InternalServerError as failure:
            assert failure.code in ("storage_failed", "insufficient_storage"), failure


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=20)
    options = options.parse_args()
    content = jsonl(line(number, temperature=1, seed=number, max_tokens=20) for number in range(200))
    with tempfile.TemporaryDirectory() as folder:
        server = Server("--state-dir", folder + "/state")
        client = client_of(server)
        expected = texts(client, wait(client, begin(client, content)))
        for point in range(options.points):
            call, error = CALLS[point % len(CALLS)], ("ENOSPC", "EIO")[point // len(CALLS) % 2]
            file = client.files.create(file=("in.jsonl", content), purpose="batch")
            strace = inject(server, call, error, 1 + point)
            try:
                batch = wait(client, create(client, file), 300)
            finally:
                strace.terminate()
                strace.wait()
            assert batch.status == "completed" and texts(client, batch) == expected, (call, error, batch)
            print(f"{call} {error} at call {1 + point}: whole")
        assert server.stop() == 0


main()
