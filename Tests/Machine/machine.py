"""What the tests on the machine of Tests/systemd share: there systemd is process 1, and Drover a service of it."""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

PACKAGE = next(iter(ROOT.glob("drover_*.deb")), None)
SETTINGS = pathlib.Path("/etc/drover")
ADDITIONS = pathlib.Path("/etc/systemd/system/drover.service.d")
STORY = {"messages": [{"role": "user", "content": "Tell me a story about a fox and a ball."}], "ignore_eos": True}


class Service:
    """As `wire` wants to know a server."""

    port = 8080


SERVICE = Service()


def run(*command, check=True):
    """Standard output; all that was said where the command fails."""
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print("$", *command, f"\n{result.stdout}", end="")
    assert not check or result.returncode == 0, (command, result.returncode, result.stdout)
    return result.stdout


def systemctl(*arguments, check=True):
    return run("systemctl", "--no-pager", *arguments, check=check)


def show(name, unit="drover.service"):
    command = ["systemctl", "show", "--value", f"--property={name}", unit]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def wait_for(test, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline, (what, run("systemctl", "status", "drover.service", check=False))
        time.sleep(0.1)


def status_of(path="/health/ready", key=None):
    """0 where nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", SERVICE.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status
    except ConnectionRefusedError:
        return 0
    finally:
        connection.close()


@contextlib.contextmanager
def added(text, name="test.conf"):
    """Lines that the unit has besides its own, and a server that knows of them."""
    ADDITIONS.mkdir(exist_ok=True)
    file = ADDITIONS / name
    file.write_text(text)
    systemctl("daemon-reload")
    try:
        systemctl("restart", "drover")
        yield
    finally:
        file.unlink()
        ADDITIONS.rmdir()
        systemctl("daemon-reload")
        systemctl("stop", "drover")


class OpenStream:
    """A chat that is read as it comes."""

    def __init__(self, tokens, key=None):
        self.events, self.error = [], None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.connection = http.client.HTTPConnection("127.0.0.1", SERVICE.port, timeout=120)
        self.connection.request(
            "POST", "/v1/chat/completions", json.dumps(STORY | {"stream": True, "max_tokens": tokens}), headers
        )
        self.thread = threading.Thread(target=self.read)
        self.thread.start()
        wait_for(lambda: len(self.events) > 3, "a stream that has begun")

    def read(self):
        try:
            with self.connection.getresponse() as answer:
                for line in answer:
                    if line.startswith(b"data: "):
                        self.events.append(line.removeprefix(b"data: ").decode().strip())
        except (OSError, http.client.HTTPException) as error:
            self.error = error

    @property
    def is_open(self):
        return self.thread.is_alive()

    def end(self):
        """All its events, once it has ended by itself."""
        self.thread.join(timeout=180)
        assert not self.is_open and self.error is None, (self.error, self.events[-3:])
        return self.events


class Visitors:
    """Clients with a new connection for each request, for as long as the block runs; none may be refused."""

    def __init__(self, may_lose_answers=False):
        self.is_over, self.statuses, self.errors = threading.Event(), [], []
        self.lost = ConnectionResetError if may_lose_answers else ()
        self.threads = [threading.Thread(target=self.visit) for _ in range(3)]

    def visit(self):
        while not self.is_over.is_set():
            try:
                self.statuses.append(status_of("/v1/models"))
            except self.lost:
                pass
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *_):
        time.sleep(1)
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        counts = {status: self.statuses.count(status) for status in sorted(set(self.statuses))}
        print("answers by status:", counts, "errors:", self.errors[:3])
        assert not self.errors and counts.get(200, 0) > 10 and set(counts) <= {200, 503}
