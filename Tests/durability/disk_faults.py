"""ENOSPC and EIO injected by strace into every kind of write that files, batches and stored responses make.

    .build/test-venv/bin/python Tests/durability/disk_faults.py [--only wal]    # as root, with strace; 5 to 10 minutes

At each point the disk fails until it has failed a few times, and is well again. Then each custom_id must be in output or
errors exactly once, with the text of an undisturbed run; a response must be stored whole, or answered and not stored. A
point whose fault never came is a failure of this script.
"""

import argparse
import contextlib
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

import openai

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from conftest import BINARY, Server  # noqa: E402
from test_batches import MODEL, begin, client_of, jsonl, line, texts, wait  # noqa: E402

SYNC = "fsync,fdatasync"
# Of a batch that runs: the file that fails, its calls, and the error. A journal is cut (ftruncate) after a failed sync only.
RUNNING = [
    ("output", "pwrite64", "ENOSPC"), ("output", "pwrite64", "EIO"), ("output", SYNC, "EIO"),
    ("output", SYNC + ",ftruncate", "ENOSPC"), ("errors", "pwrite64", "ENOSPC"), ("errors", SYNC, "EIO"),
    ("input", "pread64", "EIO"), ("wal", "pwrite64", "ENOSPC"), ("wal", "pwrite64", "EIO"), ("wal", SYNC, "ENOSPC"),
    ("wal", SYNC, "EIO"), ("checkpoint", "pwrite64", "ENOSPC"), ("checkpoint", "pwrite64", "EIO"),
    ("checkpoint", SYNC, "EIO"),
]
# Of one that is about to begin: its files cannot be made.
CREATING = [("output", "openat", "EIO"), ("errors", "openat", "ENOSPC"), ("input", "openat", "EIO")]
# Of an upload.
UPLOADING = [("openat", "ENOSPC"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), (SYNC, "EIO"), (SYNC, "ENOSPC")]
# Of a response that has ended.
RESPONDING = [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), (SYNC, "EIO")]
# Of a server that starts over its database, before it can serve.
STARTING = [("state.sqlite-shm", "openat", "EIO"), ("state.sqlite-shm", "ftruncate,pwrite64", "ENOSPC")]
# Of `drover batch run` when it puts its answers in their place.
FINISHING = [("rename", "ENOSPC"), ("rename", "EIO")]


class Faults:
    """Calls that fail while there is one, those about `path` only if it is given."""

    def __init__(self, calls, error, path=None):
        self.log = tempfile.NamedTemporaryFile("r")
        self.options = ["strace", "-f", "-q", "-y", "-o", self.log.name, "-e", f"trace={calls}",
                        "-e", f"inject={calls}:error={error}"] + (["-P", str(path)] if path else [])

    @contextlib.contextmanager
    def of(self, process):
        strace = subprocess.Popen([*self.options, "-p", str(process.pid)])
        status = pathlib.Path(f"/proc/{process.pid}/status")
        while "TracerPid:\t0" in status.read_text():
            assert strace.poll() is None, "strace does not run"
            time.sleep(0.01)
        try:
            yield self
        finally:
            strace.terminate()
            strace.wait()

    def injected(self):
        return [text for text in pathlib.Path(self.log.name).read_text().splitlines() if "(INJECTED)" in text]

    def say(self, what):
        calls = sorted({re.sub(r"^\d+ +(\w+)\((?:\d+<)?.*", r"\1", text) for text in self.injected()})
        assert calls, f"{what}: no call failed"
        print(f"{what}: {len(self.injected())} of {', '.join(calls)} failed; whole", flush=True)


def files_of(folder, batch):
    """The paths of the files of a batch, which the client hears of when it has ended."""
    database = sqlite3.connect(f"file:{folder}/state/state.sqlite?mode=ro", uri=True)
    row = database.execute("SELECT outputFile, errorFile, inputFile FROM batch WHERE id = ?", [batch.id]).fetchone()
    database.close()
    paths = dict(zip(("output", "errors", "input"), (f"{folder}/state/files/{name}" for name in row)))
    return paths | {"wal": f"{folder}/state/state.sqlite-wal", "checkpoint": f"{folder}/state/state.sqlite"}


class Scene:
    def __init__(self, folder):
        self.folder = folder
        self.lines = [
            line(number, temperature=1, seed=number, max_tokens=60, **({"model": "none"} if number % 20 == 7 else {}))
            for number in range(300)]
        self.content = jsonl(self.lines)
        self.start()
        self.expected = texts(self.client, wait(self.client, self.begin(), 600))
        assert len(self.expected) == 300

    def start(self):
        self.server = Server("--state-dir", self.folder + "/state", "--batch-concurrency", "4")
        self.client = client_of(self.server)

    def begin(self):
        return begin(self.client, self.content)

    def check(self, batch):
        batch = wait(self.client, batch, 600)
        assert batch.status == "completed" and texts(self.client, batch) == self.expected, batch

    def until_hit(self, faults, batch, enough=3):
        """Some of these calls are rare: as many batches as it takes."""
        with faults.of(self.server.process):
            while len(faults.injected()) < enough:
                time.sleep(0.02)
                now = self.client.batches.retrieve(batch.id)
                if now.status != "completed":
                    continue
                self.check(now)
                if faults.options[-1].endswith((".sqlite", "-wal")):
                    batch = self.begin_through_faults()
                else:
                    break
        self.check(batch)

    def begin_through_faults(self):
        """A request that a fault hits is refused with a reason, and leaves nothing."""
        while True:
            try:
                return self.begin()
            except openai.InternalServerError as failure:
                assert failure.code in ("storage_failed", "insufficient_storage"), failure


def running(scene, file, calls, error):
    batch = scene.begin()
    faults = Faults(calls, error, files_of(scene.folder, batch)[file])
    while not scene.client.batches.retrieve(batch.id).request_counts.completed:
        time.sleep(0.01)
    scene.until_hit(faults, batch)
    faults.say(f"batch that runs, {file}, {error}")


def creating(scene, file, calls, error):
    # An owner's batches run one after the other: this one gives the time to find out what the next one will open.
    first, batch = scene.begin(), scene.begin()
    faults = Faults(calls, error, files_of(scene.folder, batch)[file])
    scene.until_hit(faults, batch, enough=1)
    scene.check(first)
    faults.say(f"batch that begins, {file}, {error}")


def uploading(scene, calls, error):
    faults = Faults(calls, error)
    before = len(list(pathlib.Path(scene.folder, "state/files").iterdir()))
    with faults.of(scene.server.process):
        try:
            scene.client.files.create(file=("in.jsonl", scene.content), purpose="batch")
            raise AssertionError("an upload that was not written was taken")
        except openai.InternalServerError as failure:
            assert failure.code in ("storage_failed", "insufficient_storage"), failure
    assert len(list(pathlib.Path(scene.folder, "state/files").iterdir())) == before, "the upload left something"
    scene.check(scene.begin())
    faults.say(f"upload, {error}")


def responding(scene, calls, error):
    def respond():
        return scene.client.responses.create(model=MODEL, input="What is 47 + 35?", temperature=0)

    kept = respond()
    faults = Faults(calls, error, f"{scene.folder}/state/responses.sqlite-wal")
    with faults.of(scene.server.process):
        lost = respond()
    assert lost.output_text == kept.output_text == scene.client.responses.retrieve(kept.id).output_text
    try:
        raise AssertionError(f"stored, though the disk failed: {scene.client.responses.retrieve(lost.id)}")
    except openai.NotFoundError:
        pass
    again = respond()
    assert scene.client.responses.retrieve(again.id).output_text == kept.output_text
    faults.say(f"response that is stored, {error}")


def starting(scene, name, calls, error):
    batch = scene.begin()
    time.sleep(0.5)
    scene.server.process.kill()
    scene.server.process.wait()
    faults = Faults(calls, error, f"{scene.folder}/state/{name}")
    failed = subprocess.run(
        [*faults.options, BINARY, "serve", "--port", "0", "--state-dir", scene.folder + "/state"],
        capture_output=True, text=True, timeout=120)
    assert failed.returncode == 1 and "database" in failed.stderr, failed
    scene.start()
    scene.check(scene.client.batches.retrieve(batch.id))
    faults.say(f"server that starts, {name}, {error}")


def finishing(scene, calls, error):
    source, target = pathlib.Path(scene.folder, "in.jsonl"), pathlib.Path(scene.folder, "out.jsonl")
    source.write_bytes(scene.content)
    command = [BINARY, "batch", "run", str(source), str(target), "--url", scene.server.url]
    faults = Faults(calls, error)
    failed = subprocess.run([*faults.options, *command], capture_output=True, text=True, timeout=600)
    assert failed.returncode != 0 and str(target) in failed.stderr and not target.exists(), failed
    subprocess.run(command, check=True, timeout=600)
    names = [re.search(r'"custom_id": ?"(.*?)"', text)[1] for text in target.read_text().splitlines()]
    failures = pathlib.Path(str(target) + ".errors").read_text().count("custom_id")
    assert names == [f"line-{number}" for number in range(300) if number % 20 != 7] and failures == 15
    target.unlink()
    faults.say(f"batch run, {calls}, {error}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="", help="points with this in their words")
    options = options.parse_args()
    points = [(act, point) for act, points in (
        (running, RUNNING), (creating, CREATING), (uploading, UPLOADING), (responding, RESPONDING),
        (starting, STARTING), (finishing, FINISHING)) for point in points]
    chosen = [(act, point) for act, point in points if options.only in " ".join([act.__name__, *point])]
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(folder)
        for act, point in chosen:
            act(scene, *point)
        assert scene.server.stop() == 0
    print(f"{len(chosen)} points: each custom_id exactly once, the same texts")


main()
