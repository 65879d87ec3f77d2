"""TLS: who is let in, what is refused, and that streams outlive changed certificates. The tests of rows S1 to S12 are
those of the reliability reference."""

import concurrent.futures
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

import openai
import pytest

from certificates import Authority, openssl
from conftest import BINARY, Server

STORY = {"messages": [{"role": "user", "content": "Tell me a short story about a bear and a boat."}], "stream": True}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("server")


class TLSServer(Server):
    """A server with a certificate; its own clients trust the authority."""

    def __init__(self, authority, pair, *arguments, client=None, check=True):
        self.context = ssl.create_default_context(cafile=authority.file)
        if not check:
            self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        if client:
            self.context.load_cert_chain(*client)
        super().__init__("--tls-certificate", str(pair[0]), "--tls-key", str(pair[1]), *arguments, scheme="https")

    def connect(self, context=None, timeout=10):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return (context or self.context).wrap_socket(plain, server_hostname="localhost")

    def live(self, context=None):
        """Seconds until /health/live has answered on a connection of its own."""
        start = time.monotonic()
        with self.connect(context) as stream:
            stream.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert stream.recv(100).startswith(b"HTTP/1.1 200")
        return time.monotonic() - start

    def s_client(self, *arguments, text=b"", timeout=20):
        """What openssl's client writes about a connection."""
        result = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *arguments],
            input=text, capture_output=True, timeout=timeout,
        )  # fmt: skip
        return (result.stdout + result.stderr).decode(errors="replace")


@pytest.fixture(scope="module")
def server(authority, pair):
    server = TLSServer(authority, pair, "--log-level", "debug")
    yield server
    assert server.stop() == 0


@pytest.fixture
def start(authority, pair):
    servers = []

    def start(*arguments, pair=pair, **keywords):
        servers.append(TLSServer(authority, pair, *arguments, **keywords))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def raw(server, data=b"", timeout=15):
    """All that a plain connection gets in answer to bytes, until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as stream:
        stream.sendall(data)
        answer = b""
        try:
            while piece := stream.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def client(server):
    http = openai.DefaultHttpxClient(verify=server.context)
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, http_client=http)


def hello():
    """The first message of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def test_the_official_client_streams_and_asks_over_https(server):
    fields = dict(model="drover-demo", messages=[{"role": "user", "content": "What is 47 + 35?"}], temperature=0)
    whole = client(server).chat.completions.create(**fields).choices[0].message.content
    with client(server).chat.completions.create(**fields, stream=True) as stream:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == whole
    assert "82" in whole


def test_curl_and_drover_itself_speak_to_it(server, authority):
    command = ["curl", "-sS", "--cacert", authority.file, f"https://localhost:{server.port}/health/live"]
    assert json.loads(subprocess.run(command, capture_output=True, timeout=20, check=True).stdout) == {"status": "ok"}
    bench = [BINARY, "bench", "serve", "--url", server.url, "--clients", "2", "--requests", "2", "--output-tokens", "4"]
    trusting = subprocess.run(bench, capture_output=True, timeout=60, env={"SSL_CERT_FILE": str(authority.file)})
    assert trusting.returncode == 0 and b"verify failed" not in trusting.stdout + trusting.stderr, trusting
    wary = subprocess.run(bench, capture_output=True, timeout=60)
    assert b"verify failed" in wary.stdout + wary.stderr, wary


def test_S1_old_versions_and_weak_suites_are_refused(server):
    for version in ["-tls1", "-tls1_1"]:
        answer = server.s_client(version, "-cipher", "ALL:@SECLEVEL=0")
        assert "Cipher is (NONE)" in answer and "alert" in answer, answer
    for suites in ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "DHE:!ECDHE"]:
        answer = server.s_client("-tls1_2", "-cipher", suites + ":@SECLEVEL=0")
        assert "Cipher is (NONE)" in answer, answer
    assert "Cipher is ECDHE-ECDSA-AES" in server.s_client("-tls1_2")
    assert "Cipher is TLS_AES" in server.s_client("-tls1_3")


def test_S2_no_renegotiation_and_no_compression(server):
    process = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", "-comp"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    time.sleep(0.5)
    process.stdin.write(b"R\n")
    process.stdin.flush()
    try:
        answer, _ = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        answer, _ = process.communicate()
    assert b"no renegotiation" in answer, answer
    assert b"Compression: NONE" in answer
    server.live()


def test_S3_a_handshake_that_is_never_finished_ends_after_ten_seconds(server):
    before = server.metrics().get('drover_tls_handshakes_total{result="failed"}', 0)
    with concurrent.futures.ThreadPoolExecutor() as pool:

        def slowly():
            start = time.monotonic()
            with socket.create_connection(("127.0.0.1", server.port), timeout=15) as stream:
                try:
                    for byte in hello():
                        stream.sendall(bytes([byte]))
                        time.sleep(0.5)
                except OSError:
                    pass
            return time.monotonic() - start

        def silently(data):
            start = time.monotonic()
            raw(server, data)
            return time.monotonic() - start

        waits = [pool.submit(slowly), pool.submit(silently, b""), pool.submit(silently, hello())]
        assert all(9 < wait.result() < 14 for wait in waits), [wait.result() for wait in waits]
    server.wait_for_metric(lambda metrics: metrics['drover_tls_handshakes_total{result="failed"}'] >= before + 2)


@pytest.mark.parametrize("data", [b"", b"\x16", "hello"])
def test_S4_stalled_handshakes_do_not_hold_up_others(server, data):
    data = hello() if data == "hello" else data
    stalled = []
    try:
        for _ in range(200):
            stalled.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            stalled[-1].sendall(data)
        # Twice what it takes at 100 ms each; the machine may be busy.
        assert sorted(server.live() for _ in range(5))[2] < 0.2
    finally:
        for stream in stalled:
            stream.close()


def test_S5_what_is_not_tls_is_told_so_and_closed_at_once(server):
    start = time.monotonic()
    answer = raw(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer
    alert = b"\x15\x03"
    assert raw(server, b"\x00" * 100)[:2] in (alert, b"")
    assert raw(server, b"\x16\x03\x01\xff\xff" + b"\x00" * 70000)[:2] in (alert, b"")
    assert raw(server, b"\x16\x03\x01\x00\x05" + b"\xff" * 5)[:2] in (alert, b"")
    # Empty change_cipher_spec records are skipped in TLS 1.3, but not without end.
    assert raw(server, hello() + b"\x14\x03\x03\x00\x01\x01" * 20_000)[:3] == b"\x16\x03\x03"
    for cut in [1, 5, 6, 50, -1]:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stream:
            stream.sendall(hello()[:cut])
            stream.shutdown(socket.SHUT_WR)
            assert stream.recv(100)[:2] in (alert, b"")
    assert time.monotonic() - start < 8
    server.live()


def test_S5_a_handshake_may_be_cut_anywhere_and_fed_by_bytes(server):
    """By bytes it works; a disconnect behind any byte of the client's second flight harms nobody."""
    for cut in [None, 1, 20, 60]:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = server.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            flights = 0
            while True:
                try:
                    session.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    for byte in outgoing.read():
                        stream.sendall(bytes([byte]))
                    flights += 1
                    incoming.write(stream.recv(65536))
            session.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for byte in outgoing.read()[:cut]:
                stream.sendall(bytes([byte]))
            if cut is None:
                incoming.write(stream.recv(65536))
                assert session.read(100).startswith(b"HTTP/1.1 200")
    server.live()


def serve(*arguments, **keywords):
    """What a start that must fail writes."""
    command = [BINARY, "serve", "--port", "0", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, timeout=60, **keywords)
    assert result.returncode not in (0, -4, 132)
    return result.stderr.decode()


def test_S6_files_that_cannot_be_used_are_refused(authority, pair, tmp_path):
    key = shutil.copy(pair[1], tmp_path / "server.key")
    certificate = ["--tls-certificate", pair[0]]
    for mode in [0o644, 0o660, 0o604]:
        key.chmod(mode)
        text = serve(*certificate, "--tls-key", key)
        assert str(key) in text and f"mode {mode:o}" in text and "chmod 600" in text, text
    _, other = authority.issue("other")
    assert "not the key of the certificate" in serve(*certificate, "--tls-key", other)
    locked = tmp_path / "locked.key"
    openssl("ec", "-in", pair[1], "-aes256", "-passout", "pass:secret", "-out", locked)
    locked.chmod(0o600)
    assert "passphrase" in serve(*certificate, "--tls-key", locked, stdin=subprocess.DEVNULL)
    half = tmp_path / "half.pem"
    half.write_text(pair[0].read_text()[:-200])
    assert str(half) in serve("--tls-certificate", half, "--tls-key", pair[1])
    assert "no PEM certificate" in serve("--tls-certificate", "/dev/null", "--tls-key", pair[1])
    assert "tls-key" in serve(*certificate)
    assert "tls-certificate" in serve("--tls-key", pair[1])
    assert "tls-certificate" in serve("--tls-client-ca", authority.file)
    assert "authorities" in serve(*certificate, "--tls-key", pair[1], "--tls-client-ca", "/dev/null")


def test_S6_an_expired_certificate_and_a_missing_chain_are_warned_of(start, authority, tmp_path):
    old = authority.issue("old", start="20200101000000Z", end="20210101000000Z")
    server = start(pair=old, check=False)
    assert any("expired" in line for line in server.log())
    both = tmp_path / "both.pem"
    stranger = Authority(tmp_path, "stranger")
    pair = authority.issue("chained")
    both.write_text(pair[0].read_text() + stranger.file.read_text())
    server = start(pair=(both, pair[1]))
    assert any("did not issue" in line for line in server.log())
    end = server.metrics()["drover_tls_certificate_not_after_seconds"]
    assert abs(end - time.time() - 30 * 86400) < 86400


def serial(server):
    with server.connect() as stream:
        return stream.getpeercert()["serialNumber"]


def test_S7_sighup_takes_a_new_pair_keeps_the_old_one_before_a_bad_one_and_cuts_nobody(start, authority, tmp_path):
    def put(pair):
        shutil.copy(pair[0], tmp_path / "server.pem")
        shutil.copy(pair[1], tmp_path / "server.key")

    first, second = authority.issue("first"), authority.issue("second")
    put(first)
    server = start(pair=(tmp_path / "server.pem", tmp_path / "server.key"))
    body = json.dumps({**STORY, "max_tokens": 2000, "ignore_eos": True}).encode()
    with server.connect() as stream:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        stream.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        text = stream.recv(65536)
        old = serial(server)

        put(second)
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while serial(server) == old:
            assert time.monotonic() < deadline
        new = serial(server)

        bad = [
            (first[0], second[1]),
            (first[0], tmp_path / "half.key"),
            (tmp_path / "half.pem", first[1]),
            (first[0], tmp_path / "empty"),
        ]
        (tmp_path / "half.key").write_text(first[1].read_text()[:100])
        (tmp_path / "half.pem").write_text(first[0].read_text()[:300])
        (tmp_path / "empty").touch()
        for count, pair in enumerate(bad, 1):
            put(pair)
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_metric(lambda metrics: metrics["drover_reload_failures_total"] == count)
            assert serial(server) == new
        assert sum("kept the certificates" in line and "error" in line for line in server.log()) == len(bad)

        while piece := stream.recv(65536):
            text += piece
    assert b"data: [DONE]" in text and text.endswith(b"0\r\n\r\n")


def test_S8_a_body_that_was_cut_is_no_request(server):
    before = server.metrics()
    for head in [b"Content-Length: 50", b"Transfer-Encoding: chunked"]:
        for notifies in [True, False]:
            stream = server.connect()
            body = b'1a\r\n{"prompt": "a", "x": "abcd' if b"chunked" in head else b'{"prompt": "a"}'
            stream.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + body)
            if notifies:
                stream.settimeout(10)
                try:
                    stream.unwrap()  # close_notify; what comes instead of the server's own is the answer
                except (ssl.SSLError, OSError):
                    pass
                stream.close()
            else:
                plain = socket.socket(fileno=stream.detach())
                plain.shutdown(socket.SHUT_WR)
                plain.close()
    server.live()
    after = server.metrics()
    names = [name for name in after if name.startswith("vllm:request_success_total")]
    assert all(after[name] == before.get(name, 0) for name in names)


def test_S8_the_server_says_that_it_ends(server):
    with server.connect() as stream:
        stream.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        # Python tells a connection that was cut: suppress_ragged_eofs is off, so that it would raise.
        stream.suppress_ragged_eofs = False
        text = b""
        while piece := stream.recv(1000):
            text += piece
    assert text.endswith(b'{"status":"ok"}')


def test_S8_a_half_close_ends_the_requests_and_a_disconnect_cancels_them(server):
    with server.connect() as stream:
        stream.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream.settimeout(10)
        assert stream.recv(1000).startswith(b"HTTP/1.1 200")
        stream.unwrap()
    body = json.dumps({**STORY, "max_tokens": 3000, "ignore_eos": True}).encode()
    cancelled = server.metrics()["http_requests_cancelled_total"]
    for notifies in [True, False]:
        stream = server.connect()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        stream.sendall(head + body)
        stream.recv(1000)
        if notifies:
            # close_notify alone: the connection below stays open.
            incoming = socket.socket(fileno=stream.fileno())
            stream.setblocking(False)
            try:
                stream.unwrap()
            except (ssl.SSLError, OSError):
                pass
            server.wait_for_metric(lambda metrics: metrics["http_requests_cancelled_total"] == cancelled + 1)
            incoming.detach()
            stream.close()
        else:
            stream.close()
    server.wait_for_metric(lambda metrics: metrics["http_requests_cancelled_total"] == cancelled + 2)


def test_S9_alpn(server):
    for offer, chosen in [("http/1.1", "http/1.1"), ("h2,http/1.1", "http/1.1")]:
        assert f"ALPN protocol: {chosen}" in server.s_client("-alpn", offer)
    assert "No ALPN negotiated" in server.s_client()
    for offer in ["h2", "http/1.0", "http/1.1x", "x"]:
        assert "no application protocol" in server.s_client("-alpn", offer)


def test_S10_no_early_data(server):
    assert "Early data was accepted" not in server.s_client("-tls1_3")
    assert "Max Early Data: " not in server.s_client("-tls1_3") or "Max Early Data: 0" in server.s_client("-tls1_3")


def test_S11_clients_without_a_valid_certificate_are_refused(start, authority, tmp_path):
    alice, bob = authority.issue("alice"), authority.issue("bob")
    old = authority.issue("old-client", start="20200101000000Z", end="20210101000000Z")
    stranger = Authority(tmp_path, "stranger").issue("mallory")
    authorities = tmp_path / "clients.pem"
    shutil.copy(authority.file, authorities)
    server = start("--tls-client-ca", str(authorities), client=alice)

    def connects(pair):
        context = ssl.create_default_context(cafile=authority.file)
        if pair:
            context.load_cert_chain(*pair)
        try:
            server.live(context)
            return True
        except (ssl.SSLError, OSError):
            return False

    assert connects(alice) and connects(bob)
    assert not connects(None) and not connects(old) and not connects(stranger)

    shutil.copy(authority.revoke(bob[0]), authorities)
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while connects(bob):
        assert time.monotonic() < deadline
    assert connects(alice)
    client(server).models.list()
    # The line is written when the answer is out.
    while not any("CN=alice" in line for line in server.log() if "/v1/models" in line):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_S11_certificates_of_clients_stand_for_keys_beyond_this_machine(start, authority, pair):
    text = serve("--tls-certificate", pair[0], "--tls-key", pair[1], "--host", "0.0.0.0")
    assert "--insecure" in text and "--tls-client-ca" in text
    start("--host", "0.0.0.0", "--tls-client-ca", str(authority.file), client=authority.issue("carol")).live()


def test_S12_no_tickets(server):
    for version in ["-tls1_2", "-tls1_3"]:
        answer = server.s_client(version, text=b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert not re.search(r"TLS session ticket:", answer), answer
        assert "Reused" not in answer
