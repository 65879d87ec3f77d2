"""The service manager's side: notifications, watchdog, sockets that are passed and kept."""

import array
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import BINARY
from tracing import held, thread_of


class Manager:
    """A stand-in for systemd: hears notifications, keeps sockets, starts processes with them."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.lines, self.times, self.stored = [], [], []
        self.processes = []
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        while True:
            data, ancillary, _, _ = self.socket.recvmsg(4096, 4096)
            for _, kind, rights in ancillary:
                assert kind == socket.SCM_RIGHTS
                descriptors = array.array("i", rights)
                self.stored += list(descriptors)
            self.times.append(time.monotonic())
            self.lines += data.decode().split("\n")

    def start(self, *arguments, descriptors=(), names=(), **environment):
        """`descriptors` become 3, 4, … of the process, as sd_listen_fds(3) wants them."""
        variables = {**os.environ, "NOTIFY_SOCKET": self.path, **environment}
        if descriptors:
            variables |= {"LISTEN_FDS": str(len(descriptors)), "LISTEN_FDNAMES": ":".join(names)}

        def place():
            # Out of the way first: a target may be the source of another.
            high = [os.dup2(descriptor, 200 + index) for index, descriptor in enumerate(descriptors)]
            for index, descriptor in enumerate(high):
                os.dup2(descriptor, 3 + index)
                os.close(descriptor)

        # LISTEN_PID names the process, which only the process itself can know before it is there.
        command = ["sh", "-c", 'export LISTEN_PID=$$; exec "$0" "$@"', BINARY, "serve", *arguments]
        process = subprocess.Popen(
            command, env=variables, preexec_fn=place, close_fds=not descriptors, stderr=subprocess.DEVNULL
        )
        self.processes.append(process)
        return process

    def wait_for(self, line, count=1, seconds=60):
        deadline = time.monotonic() + seconds
        while sum(heard.startswith(line) for heard in self.lines) < count:
            assert time.monotonic() < deadline, (line, self.lines)
            time.sleep(0.02)


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    for process in manager.processes:
        process.kill()
        process.wait()


def listening(host="127.0.0.1"):
    listener = socket.socket()
    listener.bind((host, 0))
    listener.listen(4096)
    return listener, listener.getsockname()[1]


def get(port, path="/health/live"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_O9_tells_its_life(manager):
    process = manager.start("--listen", "127.0.0.1:0")
    manager.wait_for("READY=1")
    assert "STATUS=Loading" in "\n".join(manager.lines[: manager.lines.index("READY=1")])
    manager.wait_for("STATUS=Serving")
    process.send_signal(signal.SIGHUP)
    manager.wait_for("READY=1", count=2)
    start = manager.lines.index("RELOADING=1")
    assert manager.lines[start + 1].startswith("MONOTONIC_USEC=")
    sent = int(manager.lines[start + 1].split("=")[1]) / 1e6
    assert abs(sent - time.clock_gettime(time.CLOCK_MONOTONIC)) < 60
    assert "READY=1" in manager.lines[start + 2 :]
    process.terminate()
    assert process.wait(timeout=30) == 0
    manager.wait_for("STOPPING=1")


def test_O6_a_hundred_reloads_drop_nothing(manager, tmp_path):
    keys = tmp_path / "keys.yaml"
    key = subprocess.run([BINARY, "key", "new", "a", "--file", keys], check=True, capture_output=True, text=True)
    listener, port = listening()
    process = manager.start("--api-key-file", keys, descriptors=[listener.fileno()], names=["drover.socket"])
    manager.wait_for("READY=1")
    headers = {"Authorization": f"Bearer {key.stdout.strip()}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers=headers)
    files = len(os.listdir(f"/proc/{process.pid}/fd"))
    for _ in range(100):
        process.send_signal(signal.SIGHUP)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    # Signals of a kind that come together are one: the last of them has been seen when READY follows it.
    time.sleep(0.5)
    assert manager.lines.count("RELOADING=1") == manager.lines.count("READY=1") - 1 > 10
    assert len(os.listdir(f"/proc/{process.pid}/fd")) <= files + 2
    listener.close()


def test_loading_asks_for_time(manager):
    manager.start("--listen", "127.0.0.1:0")
    manager.wait_for("EXTEND_TIMEOUT_USEC=120000000")


def test_notifies_an_abstract_socket(tmp_path):
    name = f"drover-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name)
        heard.settimeout(30)
        process = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0"],
            env={**os.environ, "NOTIFY_SOCKET": "@" + name},
            stderr=subprocess.DEVNULL,
        )
        try:
            while b"READY=1" not in heard.recv(4096):
                pass
        finally:
            process.kill()
            process.wait()


def test_O9_O25_a_stopped_engine_is_not_fed(manager):
    """The one thread is stopped while the rest of the process goes on and answers."""
    listener, port = listening()
    process = manager.start(
        descriptors=[listener.fileno()], names=["drover.socket"], WATCHDOG_USEC="4000000"
    )
    manager.wait_for("WATCHDOG=1", count=3)
    try:
        with held(thread_of(process.pid, "engine")):
            time.sleep(2)
            count = manager.lines.count("WATCHDOG=1")
            time.sleep(4)
            assert manager.lines.count("WATCHDOG=1") == count, "a hung engine was fed"
            assert get(port) == 200, "the rest of the process answers"
    except PermissionError:
        pytest.skip("tracing a child is not permitted here")
    manager.wait_for("WATCHDOG=1", count=count + 2, seconds=10)
    listener.close()


def test_O9_takes_sockets_of_a_unit(manager, tmp_path):
    listener, port = listening()
    path = str(tmp_path / "unit.sock")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(path)
    unix.listen(16)
    # They stand in for the settings, which would be refused.
    process = manager.start(
        "--listen", "192.0.2.1:80", descriptors=[listener.fileno(), unix.fileno()], names=["tcp", "unix"]
    )
    manager.wait_for("READY=1")
    assert get(port, "/health/ready") == 200
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert os.path.exists(path), "the file belongs to the unit"
    listener.close()
    unix.close()


def test_variables_for_another_process_are_not_ours(manager):
    listener, port = listening()
    process = manager.start("--listen", "127.0.0.1:0", LISTEN_FDS="1")
    process.kill()
    process.wait()
    environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": "1"}
    result = subprocess.run([BINARY, "serve", "--listen", "192.0.2.1:80"], env=environment, capture_output=True)
    assert result.returncode == 1 and b"192.0.2.1:80" in result.stderr
    listener.close()


def test_O31_a_restart_refuses_no_connection(manager):
    """Two restarts under load: a process leaves its sockets with the manager, the next one gets them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--listen", f"127.0.0.1:{port}", "--hand-over"]
    process = manager.start(*arguments)
    manager.wait_for("READY=1")
    assert "FDSTORE=1" in manager.lines and "FDNAME=drover-listener" in manager.lines
    stored = manager.stored[0]
    isOver, statuses, errors = threading.Event(), [], []

    def load():
        while not isOver.is_set():
            try:
                statuses.append(get(port, "/v1/models"))
            except OSError as error:
                errors.append(error)

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    for number in range(2, 4):
        time.sleep(0.5)
        process.terminate()
        assert process.wait(timeout=30) == 0
        time.sleep(0.3)
        process = manager.start(*arguments, descriptors=[stored], names=["drover-listener"])
        manager.wait_for("READY=1", count=number)
    time.sleep(0.5)
    isOver.set()
    for client in clients:
        client.join()
    assert errors == [], errors[:3]
    assert len(statuses) > 100 and set(statuses) <= {200, 503}


def test_the_key_file_comes_as_a_credential(manager, tmp_path):
    keys = tmp_path / "keys.yaml"
    subprocess.run([BINARY, "key", "new", "a", "--file", keys], check=True, capture_output=True)
    listener, port = listening()
    manager.start(
        descriptors=[listener.fileno()], names=["drover.socket"], CREDENTIALS_DIRECTORY=str(tmp_path)
    )
    manager.wait_for("READY=1")
    assert get(port, "/v1/models") == 401
    listener.close()
