"""Starts the real binary on a free port for the tests of this folder.

With DROVER_PROXY=nginx or DROVER_PROXY=haproxy all servers without TLS stand behind that proxy, and the tests ask it.
With DROVER_BINARY the binary is another than that of the release build, as `Tests/sanitize` has it.
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

import pytest

from proxies import Proxy, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("DROVER_BINARY", ROOT / ".build" / "release" / "drover"))


def pytest_configure(config):
    # A run in the background of a script ignores it, and so would the proxies that are ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "long: takes minutes; Tests/faults runs it, Tests/run does not")
    config.addinivalue_line("markers", "direct(why, proxies=all): not behind these proxies, which do something themselves")


def pytest_runtest_setup(item):
    direct = item.get_closest_marker("direct")
    proxy = os.environ.get("DROVER_PROXY")
    if direct and proxy and proxy in direct.kwargs.get("proxies", [proxy]):
        pytest.skip(f"behind {proxy}: {direct.args[0]}")


class Server:
    """A running `drover serve`, with the bundled model unless told otherwise."""

    #: What its own requests trust; for https.
    context = None

    def __init__(
        self, *arguments, scheme="http", wrapper=(), log=None, proxy=os.environ.get("DROVER_PROXY"), over="tcp",
        **environment,
    ):
        """`wrapper`: a command in front that becomes the server, as prlimit does. `log`: where standard error goes."""
        self.proxy = Proxy(proxy, over) if proxy and scheme == "http" else None
        self.port = self.proxy.port if self.proxy else free_port()
        listening = self.proxy.arguments if self.proxy else ["--port", str(self.port)]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.log_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*wrapper, BINARY, "serve", *listening, *arguments],
            stderr=self.log_file if log is None else log,
            env={**os.environ, **environment},
        )
        if self.proxy:
            self.proxy.wait_until_listening()
        self.wait_until_ready()

    def wait_until_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
            assert self.proxy is None or self.proxy.process.poll() is None, "the proxy has ended"
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=1, context=self.context):
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("\n".join(["the server did not become ready", *self.log()]))

    def metrics_page(self):
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5, context=self.context) as answer:
            return answer.read().decode()

    def metrics(self):
        """The metrics page as {series: value}."""
        return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", self.metrics_page(), re.M)}

    def log(self):
        """The lines logged so far."""
        size = os.fstat(self.log_file.fileno()).st_size
        return os.pread(self.log_file.fileno(), size, 0).decode().splitlines()

    def wait_for_metric(self, test, seconds=10):
        """Polls until `test(metrics)` holds: what it waits for happens within an engine step."""
        deadline = time.monotonic() + seconds
        while not test(self.metrics()):
            assert time.monotonic() < deadline, self.metrics()
            time.sleep(0.02)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        if self.process.poll() is None:
            self.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.proxy:
            self.proxy.stop()
            self.proxy = None
        return self.process.returncode


class Clock:
    """The day as servers with its `options` have it; the time that deadlines are measured in goes on as it does."""

    library = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")

    def __init__(self, file):
        self.file = file
        self.jump("+0")
        # The library sets a variable of its own in the first process that has it, which moves the environment away from
        # the arguments, where Swift looks for them: let that be a shell.
        self.options = {
            "wrapper": ["sh", "-c", 'exec "$0" "$@"'], "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def jump(self, offset):
        """To so far from the machine's own clock: seconds or `1d`, with a sign."""
        self.file.write_text(offset)


@pytest.fixture
def clock(tmp_path):
    if not Clock.library.exists():
        pytest.skip("faketime is not installed")
    return Clock(tmp_path / "offset")


@pytest.fixture(scope="session")
def server():
    server = Server()
    yield server
    assert server.stop() == 0


@pytest.fixture
def start():
    """Starts servers with other settings; stops them after the test."""
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
