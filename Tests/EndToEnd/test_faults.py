"""Faults from outside: clients that stall or leave, a process without descriptors, room or time, a log nobody reads.

After each of them the server lives, gives the same text as before, and has no descriptor more."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import BINARY
from test_disk_cache import PROMPTS
from test_prefix_cache import complete

long = pytest.mark.long
LONG = {"prompt": "Once upon a time", "max_tokens": 3500, "ignore_eos": True, "stream": True}


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def post(body, path="/v1/completions"):
    text = json.dumps(body).encode()
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(text), text)


def reset(client):
    """Leaves without a farewell: with no time to linger a close is a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def total(metrics, name):
    return sum(value for series, value in metrics.items() if re.split(r"[{ ]", series)[0] == name)


def is_quiet(metrics):
    return total(metrics, "vllm:num_requests_running") == total(metrics, "vllm:num_requests_waiting") == 0


@contextlib.contextmanager
def unharmed(server, seconds=30):
    """What happens inside leaves the server as it was."""
    def descriptors(metrics):
        # A proxy keeps connections for later.
        return metrics["process_open_fds"] - (metrics["http_connections"] if server.proxy else 0)

    text, _ = complete(server, "The owl said")
    # Dispatch opens a timerfd for each of its three clocks when it first needs it.
    most = descriptors(server.metrics()) + 3
    yield
    assert server.process.poll() is None
    assert complete(server, "The owl said")[0] == text
    server.wait_for_metric(lambda metrics: is_quiet(metrics) and descriptors(metrics) <= most, seconds)


# Clients


@pytest.mark.direct("heads end at the proxy", proxies=["nginx"])
def test_H49_heads_that_never_end_are_closed_at_their_limit(start):
    server = start()
    with unharmed(server):
        slow = [connect(server) for _ in range(200)]
        for client in slow:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: ")
        with urllib.request.urlopen(server.url + "/health/live", timeout=5) as answer:
            assert answer.status == 200
        assert all(client.recv(100).startswith(b"HTTP/1.1 408 ") for client in slow)
        for client in slow:
            client.close()


@long
def test_H50_a_body_below_the_least_rate_is_closed(start):
    server = start()
    with unharmed(server), connect(server) as client:
        client.sendall(post(LONG)[:-40])
        answered = False
        for byte in post(LONG)[-40:-1]:
            client.sendall(bytes([byte]))
            answered = bool(select.select([client], [], [], 1)[0])
            if answered:
                break
        assert answered and client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_H53_H54_H55_H56_who_leaves_is_forgotten_and_others_stay(start):
    server = start("--max-batch-tokens", "1")
    with unharmed(server):
        cancelled = total(server.metrics(), "http_requests_cancelled_total")
        first = connect(server)
        first.sendall(post(LONG))
        first.recv(100)
        # One waits for its turn, streamed or whole; and leaves.
        for streams in (True, False):
            waiting = connect(server)
            waiting.sendall(post(LONG | {"stream": streams}))
            server.wait_for_metric(lambda metrics: total(metrics, "vllm:num_requests_waiting") == 1)
            reset(waiting)
            server.wait_for_metric(lambda metrics: total(metrics, "vllm:num_requests_waiting") == 0)
            assert total(server.metrics(), "vllm:num_requests_running") == 1
        reset(first)
        server.wait_for_metric(is_quiet)
        server.wait_for_metric(lambda metrics: total(metrics, "http_requests_cancelled_total") >= cancelled + 3)


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=long)])
def test_H57_a_storm_of_clients_that_leave(start, count):
    server = start()

    def visit(number):
        client = connect(server)
        whole = post(LONG | {"stream": number % 2 == 0})
        # Some leave inside their request, some before the answer, some inside it.
        client.sendall(whole if number % 3 else whole[:100])
        if number % 6 == 2:
            client.recv(100)
        reset(client) if number % 2 else client.close()

    with unharmed(server, seconds=60):
        with concurrent.futures.ThreadPoolExecutor(16) as visitors:
            list(visitors.map(visit, range(count // 10)))
        base = server.metrics()["process_resident_memory_bytes"]
        with concurrent.futures.ThreadPoolExecutor(16) as visitors:
            list(visitors.map(visit, range(count)))
        server.wait_for_metric(is_quiet, 60)
        assert server.metrics()["process_resident_memory_bytes"] < base + (32 << 20)


def test_H51_a_stream_that_nobody_reads_is_cut_off(start):
    """By its stall limit, not before the system's buffers are full: so with much text for every token."""
    server = start()
    with unharmed(server):
        cancelled = total(server.metrics(), "http_requests_cancelled_total")
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(60)
        deaf.connect(("127.0.0.1", server.port))
        body = {"messages": [{"role": "user", "content": "Hi"}], "n": 4, "logprobs": True, "top_logprobs": 20}
        deaf.sendall(post(body | {"max_tokens": 3500, "ignore_eos": True, "stream": True}, "/v1/chat/completions"))
        # Others are served meanwhile.
        complete(server, "The owl said")
        server.wait_for_metric(lambda metrics: total(metrics, "http_requests_cancelled_total") > cancelled, 60)
        server.wait_for_metric(is_quiet)
        deaf.close()


# The process


@pytest.mark.direct("its connections come as the server takes them")
def test_H59_without_descriptors_it_rests_and_recovers(start):
    server = start()
    with unharmed(server):
        used = int(server.metrics()["process_open_fds"])
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 8, used + 8))
        clients = [connect(server) for _ in range(64)]
        deadline = time.monotonic() + 10
        while not (lines := [line for line in server.log() if "accepting rests" in line]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.5)
        lines = [line for line in server.log() if "accepting rests" in line]
        assert 1 <= len(lines) <= 6, lines
        for client in clients:
            client.close()


@pytest.mark.direct("its connections come as the server takes them")
def test_H59_files_can_be_opened_while_clients_hold_all_connections(start, tmp_path):
    server = start("--state-dir", str(tmp_path), wrapper=["prlimit", "--nofile=64"])
    early = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    assert json.loads(ask(early, "GET", "/health/live"))["status"] == "ok"
    clients = [connect(server) for _ in range(64)]
    refused, _, _ = select.select(clients, [], [], 30)
    assert refused and all(client.recv(100).startswith(b"HTTP/1.1 503 ") for client in refused)
    line = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {
        "model": "drover-demo", "prompt": "The owl said", "max_tokens": 4}})
    form = (b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\nContent-Disposition: '
            b'form-data; name="file"; filename="a.jsonl"\r\n\r\n' + line.encode() + b"\r\n--x--\r\n")
    file = json.loads(ask(early, "POST", "/v1/files", form, "multipart/form-data; boundary=x"))
    batch = {"input_file_id": file["id"], "endpoint": "/v1/completions", "completion_window": "24h"}
    batch = json.loads(ask(early, "POST", "/v1/batches", json.dumps(batch).encode()))
    deadline = time.monotonic() + 60
    while batch["status"] not in ("completed", "failed"):
        assert time.monotonic() < deadline, batch
        time.sleep(0.1)
        batch = json.loads(ask(early, "GET", f"/v1/batches/{batch['id']}"))
    assert batch["request_counts"] == {"total": 1, "completed": 1, "failed": 0}, batch
    assert json.loads(ask(early, "GET", f"/v1/files/{batch['output_file_id']}/content"))["custom_id"] == "a"
    for client in clients:
        client.close()


def ask(connection, method, path, body=None, kind="application/json"):
    connection.request(method, path, body, {"Content-Type": kind} if body else {})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return body


@pytest.mark.parametrize("limits", [["--nofile=64"], ["--stack=262144:262144"], ["--nofile=64", "--stack=262144"]])
def test_O30_small_limits_are_enough(start, server, limits):
    small = start(wrapper=["prlimit", *limits])
    assert complete(small, "The owl said")[0] == complete(server, "The owl said")[0]


def test_O27_one_core_is_enough(start, server):
    core = str(min(os.sched_getaffinity(0)))
    one = start(wrapper=["taskset", "-c", core])
    assert complete(one, "The owl said")[0] == complete(server, "The owl said")[0]


@pytest.mark.parametrize("megabytes", range(300, 600, 20))
def test_O12_any_limit_of_memory_is_named_or_enough(megabytes):
    """Also where it would leave some thread without a stack: that thread is missing, and nobody says so."""
    command = ["prlimit", f"--as={megabytes}000000", BINARY, "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as small:
        hangs = threading.Timer(60, small.kill)
        hangs.start()
        for line in small.stderr:
            if "drover: ready" in line:
                small.terminate()
        hangs.cancel()
    assert (small.returncode, line) == (0, "info drover: stopped\n") or (small.returncode == 1 and "memory" in line), line
    assert megabytes > 300 or small.returncode == 1


def test_O12_a_limit_of_memory_is_kept(start, server):
    """What is enough at the start is enough for many clients: all is reserved or bounded."""
    small = start(wrapper=["prlimit", "--as=1000000000"])
    with unharmed(small):
        expected = complete(server, "The owl said", max_tokens=200)[0]
        with concurrent.futures.ThreadPoolExecutor(64) as clients:
            texts = clients.map(lambda _: complete(small, "The owl said", max_tokens=200)[0], range(200))
            assert set(texts) == {expected}


def test_O28_stray_signals_change_nothing(start):
    server = start()
    with unharmed(server):
        for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGWINCH, signal.SIGURG):
            server.process.send_signal(number)


@pytest.mark.parametrize("seconds", [2, pytest.param(30, marks=long)])
def test_O10_a_stopped_process_goes_on(start, seconds):
    server = start()
    with unharmed(server):
        stream = urllib.request.urlopen(server.url + "/v1/completions", json.dumps(LONG).encode(), timeout=120)
        stream.readline()
        slow = connect(server)
        slow.sendall(b"GET /health/live HTTP/1.1\r\n")
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        server.process.send_signal(signal.SIGCONT)
        assert stream.read().rstrip().endswith(b"data: [DONE]")
        if seconds > 10:
            # The time in which it stood still counts for what clients may take.
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        slow.close()


def test_O11_after_a_kill_it_is_ready_again(start, server):
    killed = start()
    text, _ = complete(killed, "The owl said")
    killed.process.kill()
    assert killed.process.wait(10) == -signal.SIGKILL
    begin = time.monotonic()
    again = start()
    print(f"ready {time.monotonic() - begin:.2f} s after a kill")
    assert complete(again, "The owl said")[0] == text


def test_O32_what_clients_invent_makes_no_series(start):
    server = start()

    def series():
        return len([name for name in server.metrics() if not name.startswith("http_requests_total")])

    def invent(numbers):
        for number in numbers:
            for method, path in [("GET", f"/nothing/{number}"), ("POST", f"/v1/models/{number}"), ("BREW", "/")]:
                with contextlib.suppress(urllib.error.HTTPError):
                    urllib.request.urlopen(urllib.request.Request(f"{server.url}{path}", method=method), timeout=5)
            with contextlib.suppress(urllib.error.HTTPError):
                complete(server, "a", model=f"model-{number}")

    with unharmed(server):
        invent(range(1))
        before = series()
        invent(range(1, 100))
        assert series() == before


def test_O21_a_clock_that_jumps_moves_no_deadline(start, clock):
    server = start(**clock.options)
    with unharmed(server):
        idle = connect(server)
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle.recv(1000)
        stream = urllib.request.urlopen(server.url + "/v1/completions", json.dumps(LONG).encode(), timeout=60)
        for jump in ("+1d", "-1d", "+0"):
            stream.readline()
            clock.jump(jump)
            # What the answer says of the day is the clock's; nothing else is.
            with urllib.request.urlopen(server.url + "/health/live", timeout=5) as answer:
                assert answer.headers["Date"]
        assert stream.read().rstrip().endswith(b"data: [DONE]")
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200 ")
        idle.close()


# The log and the disk


def test_O22_a_log_that_nobody_reads_stops_nobody(start):
    reader, writer = os.pipe()
    server = start("--log-level", "debug", log=writer)
    os.close(writer)
    with unharmed(server):
        deadline = time.monotonic() + 60
        while not server.metrics()["drover_log_dropped_lines_total"]:
            assert time.monotonic() < deadline
            for _ in range(50):
                urllib.request.urlopen(server.url + "/health/live", timeout=5).close()
        dropped = server.metrics()["drover_log_dropped_lines_total"]
        os.read(reader, 1 << 20)
        urllib.request.urlopen(server.url + "/health/live", timeout=5).close()
        text = os.read(reader, 1 << 20).decode()
        assert "dropped_lines=" in text and dropped > 0
        os.close(reader)


def test_O22_a_full_disk_under_the_log_stops_nobody(start):
    with open("/dev/full", "w") as full:
        server = start(log=full)
    with unharmed(server):
        complete(server, "a")
    assert server.metrics()["drover_log_dropped_lines_total"] > 0


@contextlib.contextmanager
def failing(server, calls, error, path=None):
    """Lets these system calls of the server fail, where a path is given only those whose first path or file it is."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    process = server.process.pid
    strace = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", *(["-P", str(path)] if path else []), "-e",
         f"inject={calls}:error={error}", "-p", str(process)])
    deadline = time.monotonic() + 10
    while "TracerPid:\t0\n" in pathlib.Path(f"/proc/{process}/status").read_text():
        assert strace.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    try:
        yield
    finally:
        strace.terminate()
        strace.wait(10)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_O16_O17_a_failing_disk_costs_the_cache_only(start, server, tmp_path, error):
    block = server.metrics()["drover_kv_block_bytes"]
    folder = tmp_path / "cache"
    cached = start("--kv-cache-bytes", str(int(12 * block)), "--context-length", "512", "--cache-dir", str(folder))
    expected = [complete(server, prompt)[0] for prompt in PROMPTS]
    with failing(cached, "openat,renameat", error, folder):
        assert [complete(cached, prompt)[0] for prompt in PROMPTS] == expected
        cached.wait_for_metric(lambda metrics: total(metrics, "drover_disk_cache_failures_total") > 0)
        assert list(folder.glob("*.kv")) == []
    assert [complete(cached, prompt)[0] for prompt in PROMPTS] == expected
    cached.wait_for_metric(lambda metrics: total(metrics, "drover_disk_cache_files") > 0)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_O16_O17_a_failing_disk_under_the_log_costs_lines_only(start, tmp_path, error):
    path = tmp_path / "log"
    with open(path, "a") as file:
        server = start(log=file)
    with unharmed(server):
        with failing(server, "write", error, path):
            complete(server, "a")
            server.wait_for_metric(lambda metrics: metrics["drover_log_dropped_lines_total"] > 0)
        dropped = path.stat().st_size
        complete(server, "a")
        deadline = time.monotonic() + 10
        while path.stat().st_size == dropped:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@long
@pytest.mark.parametrize("fault", ["renamed", "ENOSPC", "EIO"])
def test_O16_O17_what_keys_used_is_written_once_the_disk_is_back(start, tmp_path, fault):
    keys, folder = tmp_path / "keys.yaml", tmp_path / "usage"
    key = subprocess.run([BINARY, "key", "new", "alice", "--file", keys], capture_output=True, text=True, check=True)
    secret = re.search(r"drv-\S+", key.stdout).group()
    server = start("--api-key-file", str(keys), "--usage-dir", str(folder), "--open-routes", "/metrics,/health,/health/ready")
    day = time.strftime("usage-%Y-%m-%d.jsonl", time.gmtime())

    def ask():
        body = json.dumps({"prompt": "a", "max_tokens": 2}).encode()
        header = {"Authorization": f"Bearer {secret}"}
        urllib.request.urlopen(urllib.request.Request(server.url + "/v1/completions", body, header), timeout=30).close()

    with away(folder) if fault == "renamed" else failing(server, "rename", fault):
        ask()
        deadline = time.monotonic() + 20
        while not any("could not be written" in line for line in server.log()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert server.stop() == 0
    line, = (folder / day).read_text().splitlines()
    assert json.loads(line)["requests"] == 1


@contextlib.contextmanager
def away(folder):
    other = folder.with_name("away")
    folder.rename(other)
    yield
    other.rename(folder)
