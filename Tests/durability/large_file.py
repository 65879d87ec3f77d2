"""A file of nearly 200 MB through upload, validation and answers: how much memory it adds.

    .build/test-venv/bin/python Tests/durability/large_file.py
"""

import pathlib
import sys
import tempfile

import httpx

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from conftest import Server  # noqa: E402
from test_batches import client_of, jsonl, line, wait  # noqa: E402

LINES = 50_000
LIMIT = 100 << 20


def peak(server):
    """Largest resident memory of the process so far, in bytes."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) << 10


def main():
    with tempfile.TemporaryDirectory() as folder:
        # Most of it in a field that costs no prompt: it is about bytes.
        padding = "x" * 3_900
        source = pathlib.Path(folder, "in.jsonl")
        source.write_bytes(jsonl(line(number, user=padding, max_tokens=1) for number in range(LINES)))
        server = Server("--state-dir", folder + "/state")
        client = client_of(server)
        client.chat.completions.create(model="drover-demo", max_tokens=1, messages=[{"role": "user", "content": "Hi"}])
        before = peak(server)
        file = client.files.create(file=source, purpose="batch", timeout=httpx.Timeout(600))
        uploaded = peak(server)
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        batch = wait(client, batch, 7200)
        after = peak(server)
        server.stop()
    print(f"{file.bytes >> 20} MiB, {batch.request_counts}: {(uploaded - before) >> 20} MiB more after the upload, "
          f"{(after - before) >> 20} MiB more at the end")
    assert batch.request_counts.completed == LINES and after - before <= LIMIT


main()
