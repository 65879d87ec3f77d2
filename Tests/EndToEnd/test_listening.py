"""Where the server listens, whom it answers, and whom it takes its clients for."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import BINARY
from proxies import free_port, free_ports

HEADER = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def listen():
    """Starts a server with addresses of its own, and waits until it is ready."""
    processes = []

    def listen(*arguments, connect):
        process = subprocess.Popen([BINARY, "serve", *arguments], stderr=subprocess.PIPE, text=True)
        processes.append(process)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert process.poll() is None, process.stderr.read()
            try:
                if get(connect(), "/health/ready")[0] == 200:
                    return process
            except OSError:
                pass
            time.sleep(0.05)
        raise TimeoutError("the server did not become ready")

    yield listen
    for process in processes:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()


def over_unix(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(path))
    return connection


def over_tcp(host, port):
    return socket.create_connection((host, port), timeout=10)


def get(connection, path="/v1/models", prefix=b"", **headers):
    """Status, headers and body of one request on a connection."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with connection:
        connection.sendall(prefix + "\r\n".join(lines + ["", ""]).encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers, answer.read()


def test_listens_on_several_addresses(listen, tmp_path):
    path, (four, six) = tmp_path / "drover.sock", free_ports(2)
    process = listen(
        "--listen", f"127.0.0.1:{four},[::1]:{six},unix:{path}", "--unix-mode", "660", connect=lambda: over_unix(path)
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert get(over_tcp("127.0.0.1", four))[0] == get(over_tcp("::1", six))[0] == 200
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert not path.exists()


def test_a_wildcard_takes_both_families(listen):
    port = free_port()
    listen("--listen", f"[::]:{port}", "--insecure", connect=lambda: over_tcp("127.0.0.1", port))
    assert get(over_tcp("::1", port))[0] == 200


def test_a_dead_servers_socket_is_replaced_and_a_live_ones_is_refused(listen, tmp_path):
    path = tmp_path / "drover.sock"
    first = listen("--listen", f"unix:{path}", connect=lambda: over_unix(path))
    second = subprocess.run([BINARY, "serve", "--listen", f"unix:{path}"], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and f"unix:{path}" in second.stderr and "in use" in second.stderr
    assert get(over_unix(path))[0] == 200
    first.kill()
    first.wait()
    assert path.exists()
    listen("--listen", f"unix:{path}", connect=lambda: over_unix(path))


def test_O8_what_cannot_be_listened_on_is_named(server):
    for address, words in [
        (f"127.0.0.1:{server.port}", "in use"),
        ("192.0.2.1:80", "Cannot assign"),
        ("nowhere.invalid:80", "nowhere.invalid"),
    ]:
        result = subprocess.run([BINARY, "serve", "--listen", address], capture_output=True, text=True, timeout=60)
        assert result.returncode == 1 and address in result.stderr and words in result.stderr, result.stderr


def test_several_servers_share_a_port_by_option(listen):
    port = free_port()
    arguments = ["--listen", f"127.0.0.1:{port}", "--reuse-port"]
    first, second = [listen(*arguments, connect=lambda: over_tcp("127.0.0.1", port)) for _ in range(2)]
    # Whichever answered the probe: the second is ready when it says so.
    while "drover: ready" not in second.stderr.readline():
        assert second.poll() is None
    first.terminate()
    assert first.wait(timeout=30) == 0
    assert all(get(over_tcp("127.0.0.1", port))[0] == 200 for _ in range(20))


def test_A12_listening_beyond_this_machine_needs_keys_or_consent():
    for address in ["0.0.0.0:0", "[::]:0"]:
        result = subprocess.run([BINARY, "serve", "--listen", address], capture_output=True, text=True, timeout=60)
        assert result.returncode != 0 and "--insecure" in result.stderr


def test_A13_web_pages_are_kept_out(start):
    server = start("--allowed-hosts", "drover.example", "--cors-origins", "https://chat.example")

    def status(method="POST", path="/tokenize", **headers):
        request = urllib.request.Request(server.url + path, b'{"content": "a"}', method=method, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.headers

    assert status(Host="evil.example")[0] == 421
    assert status(Host="drover.example:8080")[0] == 200
    assert status(Origin="https://evil.example")[0] == 403
    code, headers = status(Origin="https://chat.example")
    assert code == 200 and headers["Access-Control-Allow-Origin"] == "https://chat.example"
    code, headers = status("OPTIONS", Origin="http://localhost:3000", **{"Access-Control-Request-Method": "POST"})
    assert code == 204 and "POST" in headers["Access-Control-Allow-Methods"]


@pytest.mark.direct("the proxy adds its own word, and its server trusts it")
def test_a_proxys_word_counts_only_where_it_is_trusted(start):
    trusting, doubting = start("--trusted-proxies", "127.0.0.0/8"), start()
    for server in (trusting, doubting):
        assert get(over_tcp("127.0.0.1", server.port), X_Forwarded_For="6.6.6.6, 192.0.2.1")[0] == 200
    assert any("192.0.2.1" in line for line in trusting.log())
    assert not any("6.6.6.6" in line for line in trusting.log())
    assert not any("192.0.2.1" in line for line in doubting.log())


def test_A10_wrong_keys_are_counted_by_forwarded_address(start, tmp_path):
    keys = tmp_path / "keys.yaml"
    subprocess.run([BINARY, "key", "new", "a", "--file", keys], check=True, capture_output=True)
    server = start(
        "--api-key-file", str(keys), "--open-routes", "/health/ready", "--trusted-proxies", "127.0.0.1"
    )

    def guess(address):
        headers = {"X_Forwarded_For": address, "Authorization": "Bearer wrong"}
        return get(over_tcp("127.0.0.1", server.port), **headers)[0]

    statuses = [guess("192.0.2.1") for _ in range(25)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert guess("192.0.2.2") == 401


def test_the_proxy_protocol_by_option(listen):
    port = free_port()
    local = HEADER + b"\x20\x00\x00\x00"
    source = HEADER + b"\x21\x11\x00\x0c" + socket.inet_aton("192.0.2.9") + bytes(4) + b"\x00\x50\x00\x50"

    class Connection:
        """Speaks for itself, so that the readiness probe gets through."""

        def __new__(cls):
            connection = over_tcp("127.0.0.1", port)
            connection.sendall(local)
            return connection

    process = listen(
        "--listen", f"127.0.0.1:{port}", "--trusted-proxies", "127.0.0.1", "--proxy-protocol", connect=Connection
    )
    assert get(over_tcp("127.0.0.1", port), prefix=source)[0] == 200
    with over_tcp("127.0.0.1", port) as connection:
        for byte in source + b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert connection.recv(12) == b"HTTP/1.1 200"
    # What is no header is closed without a word.
    for bad in [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", HEADER + b"\x31\x11\x00\x00", HEADER + b"\x21\x11\x00\x01a"]:
        with over_tcp("127.0.0.1", port) as connection:
            connection.sendall(bad)
            try:
                assert connection.recv(100) == b""
            except ConnectionResetError:
                pass
    process.send_signal(signal.SIGTERM)
    assert "peer=192.0.2.9" in process.stderr.read()
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--listen", "127.0.0.1"], "listen"),
        (["--listen", "127.0.0.1:80,"], "listen"),
        (["--listen", "unix:relative"], "listen"),
        (["--listen", "127.0.0.1:0", "--port", "80"], "listen"),
        (["--unix-mode", "999"], "unix-mode"),
        (["--trusted-proxies", "10.0.0.1/8"], "trusted-proxies"),
        (["--proxy-protocol"], "trusted-proxies"),
        (["--forwarded-header", "forwarded"], "trusted-proxies"),
        (["--cors-origins", "chat.example"], "cors-origins"),
        (["--allowed-hosts", "a:80"], "allowed-hosts"),
    ],
)
def test_O7_wrong_settings_are_named(arguments, word):
    result = subprocess.run([BINARY, "serve", *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode not in (0, -4, 132) and word in result.stderr, result.stderr


def check(*arguments, **environment):
    return subprocess.run(
        [BINARY, "check", *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def test_check_says_what_serve_would_do(tmp_path):
    port = free_port()
    result = check("--listen", f"127.0.0.1:{port}", "--cache-dir", str(tmp_path / "cache"))
    assert result.returncode == 0, result.stdout
    assert f"would listen on 127.0.0.1:{port}" in result.stdout and "drover-demo" in result.stdout
    assert not (tmp_path / "cache").exists()
    assert "state-dir: none is set" in result.stdout
    given = check("--listen", f"127.0.0.1:{port}", STATE_DIRECTORY=str(tmp_path))
    assert given.returncode == 0 and f"state-dir: {tmp_path}/api" in given.stdout, given.stdout


def test_check_finds_every_error(server, tmp_path):
    keys = tmp_path / "keys.yaml"
    keys.write_text("- name: a\n")
    os.chmod(keys, 0o644)
    file = tmp_path / "file"
    file.write_text("")
    result = check(
        "--port", str(server.port), "--api-key-file", str(keys), "--model", "/nonexistent.gguf",
        "--usage-dir", str(file / "usage"),
    )
    assert result.returncode == 1
    wrong = {line.split()[1].rstrip(":") for line in result.stdout.splitlines() if line.startswith("error")}
    assert wrong == {"model", "keys", "addresses", "usage-dir"}, result.stdout
    assert check("--queue-limit", "0").returncode == 1
