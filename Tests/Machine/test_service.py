"""The unit of the Debian package under systemd itself: its life, its limits, its sockets, its watchdog."""

import os
import pathlib
import pwd
import re
import shutil
import signal
import threading
import time

import pytest

from machine import (
    PACKAGE, ROOT, SERVICE, SETTINGS, OpenStream, Visitors, added, run, show, status_of, systemctl, wait_for)

import wire
from tracing import held, thread_of


@pytest.fixture(scope="module", autouse=True)
def package():
    run("dpkg", "--install", PACKAGE)
    yield
    run("dpkg", "--purge", "drover")


@pytest.fixture
def service():
    systemctl("start", "drover")
    yield SERVICE
    systemctl("stop", "drover")


def process():
    return int(show("MainPID"))


def test_it_is_active_when_it_answers_and_not_before():
    seen, is_over = [], threading.Event()

    def look():
        while not is_over.is_set():
            # In this order: what is active first must answer afterwards.
            seen.append((show("ActiveState"), show("StatusText"), status_of()))

    observer = threading.Thread(target=look)
    observer.start()
    systemctl("start", "drover")
    assert status_of() == 200
    is_over.set()
    observer.join()
    print("\n".join(map(str, dict.fromkeys(seen))))
    assert "activating" in {state for state, _, _ in seen}
    assert all(status == 200 for state, _, status in seen if state == "active")
    wait_for(lambda: show("StatusText").startswith("Serving"), "a status line")
    assert (show("SubState"), show("Result"), show("NRestarts")) == ("running", "success", "0")
    systemctl("status", "drover")
    run("journalctl", "--no-pager", "--unit=drover", "--output=short-precise")


def test_its_threads_get_the_priority_that_they_ask_for(service):
    wire.answer(service)
    assert "-2" in run("ps", "-L", "-o", "ni=", "-p", str(process())).split()
    assert "priority" not in run("journalctl", "--no-pager", "--unit=drover", "--since=-20s")


def test_it_streams(service):
    events = wire.stream(service)
    text = "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"])
    print(len(events), "events:", text)
    assert "82" in text


def test_it_is_confined(service):
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process()}/status").read_text().splitlines())
    print({name: status[name] for name in ("Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd")})
    user = pwd.getpwnam("drover")
    assert user.pw_uid != 0 and set(status["Uid"].split()) == {str(user.pw_uid)}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    exposure = run("systemd-analyze", "security", "--no-pager", "drover.service")
    assert float(re.search(r"exposure level for drover.service: (\S+)", exposure)[1]) <= 1.5


def attempt(command):
    """By the server's user in the server's namespaces, whose files are those that it sees."""
    return run("nsenter", f"--target={process()}", "--mount", "--ipc", "setpriv", "--reuid=drover", "--regid=drover",
               "--clear-groups", "sh", "-c", f"{command} && echo yes || echo no", check=False)


def test_it_writes_where_it_may_and_nowhere_else(service):
    for folder in ("/usr", "/etc/drover", "/home", "/root", "/var/lib", "/srv", "/sys/fs/cgroup", "/dev/mapper"):
        assert "yes" not in attempt(f"touch {folder}/left"), folder
    for folder in ("/var/lib/drover", "/var/cache/drover", "/run/drover", "/tmp"):
        assert "yes" in attempt(f"touch {folder}/left"), folder
    assert not os.path.exists("/tmp/left"), "its /tmp is its own"
    assert "yes" not in attempt("test -e /dev/vda")
    # And root in there, which nothing in the unit becomes.
    assert "yes" not in run("nsenter", f"--target={process()}", "--mount", "sh", "-c",
                            "touch /usr/left && echo yes || echo no", check=False)


def test_state_survives_a_restart(service):
    pathlib.Path("/tmp/batch.jsonl").write_text("{}\n")
    url = f"http://127.0.0.1:{service.port}/v1/files"
    run("curl", "--silent", "--fail", "--form", "purpose=batch", "--form", "file=@/tmp/batch.jsonl", url)
    folder = pathlib.Path("/var/lib/drover/api")
    assert folder.is_dir() and folder.owner() == "drover" and folder.stat().st_mode & 0o077 == 0
    systemctl("restart", "drover")
    assert "batch.jsonl" in run("curl", "--silent", "--fail", url)


def new_key(name):
    said = run("drover", "key", "new", name, "--file", SETTINGS / "keys.yaml").splitlines()
    return next(line for line in said if line.startswith("drv-"))


@pytest.fixture
def keys():
    (SETTINGS / "keys.yaml").unlink(missing_ok=True)
    yield new_key("first")
    (SETTINGS / "keys.yaml").unlink()


def test_a_reload_reads_keys_again_and_cuts_no_stream(keys):
    file = SETTINGS / "keys.yaml"
    shutil.chown(file, "root", "drover")
    file.chmod(0o640)
    with added(f"[Service]\nEnvironment=DROVER_API_KEY_FILE={file}\n"):
        pid, stream = process(), OpenStream(300, keys)
        second = new_key("second")
        assert status_of("/v1/models", second) == 401
        systemctl("reload", "drover")
        assert stream.is_open
        assert status_of("/v1/models", second) == 200
        assert (show("ActiveState"), show("SubState"), process()) == ("active", "running", pid)
        assert stream.end()[-1] == "[DONE]" and "error" not in stream.events[-2]


def test_keys_as_a_credential(keys):
    (SETTINGS / "keys.yaml").chmod(0o600)
    with added(f"[Service]\nLoadCredential=keys.yaml:{SETTINGS}/keys.yaml\n"):
        assert (status_of("/v1/models"), status_of("/v1/models", keys)) == (401, 200)
        run("ls", "-lan", "/run/credentials/drover.service")
        second = new_key("second")
        systemctl("reload", "drover")
        assert status_of("/v1/models", second) == 401, "a reload reads the copy that systemd made at the start"
        systemctl("restart", "drover")
        assert status_of("/v1/models", second) == 200


def certificate(name):
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", SETTINGS / "tls.key", "-out", SETTINGS / "tls.pem")
    shutil.chown(SETTINGS / "tls.key", "root", "ssl-cert")
    (SETTINGS / "tls.key").chmod(0o640)


def subject():
    return run("curl", "--silent", "--fail", "--cacert", SETTINGS / "tls.pem", "--verbose",
               f"https://127.0.0.1:{SERVICE.port}/health/live")


def test_tls_with_a_key_of_a_group():
    run("groupadd", "--system", "--force", "ssl-cert")
    certificate("first")
    with added("[Service]\nSupplementaryGroups=ssl-cert\n"
               f"Environment=DROVER_TLS_CERTIFICATE={SETTINGS}/tls.pem DROVER_TLS_KEY={SETTINGS}/tls.key\n"):
        assert "CN=first" in subject()
        certificate("second")
        systemctl("reload", "drover")
        assert "CN=second" in subject()


def test_a_restart_refuses_nobody(service):
    assert int(show("NFileDescriptorStore")) == 1
    pid = process()
    with Visitors():
        for _ in range(2):
            systemctl("restart", "drover")
    assert process() != pid


def test_the_sockets_of_the_unit():
    systemctl("start", "drover.socket")
    try:
        assert show("ActiveState") == "inactive"
        assert status_of("/health/live") == 200, "the first connection starts the server"
        wait_for(lambda: show("ActiveState") == "active", "the server")
        with Visitors():
            systemctl("restart", "drover")
        assert show("NFileDescriptorStore") == "0", "they are the unit's, and not left with the manager again"
    finally:
        systemctl("stop", "drover.socket", "drover.service")
    assert status_of() == 0


def stop_in_the_background():
    stop = threading.Thread(target=systemctl, args=("stop", "drover"))
    stop.start()
    wait_for(lambda: show("SubState") == "stop-sigterm", "stopping")
    return stop


def test_stopping_lets_a_stream_end(service):
    stream = OpenStream(300)
    stop = stop_in_the_background()
    wait_for(lambda: show("StatusText") == "Finishing what runs", "the status")
    assert stream.is_open
    assert stream.end()[-1] == "[DONE]" and "error" not in stream.events[-2]
    stop.join()
    assert (show("ActiveState"), show("Result")) == ("inactive", "success")


def test_stopping_has_a_limit():
    with added("[Service]\nEnvironment=DROVER_DRAIN_TIMEOUT=2\n"):
        stream = OpenStream(4000)
        stop_in_the_background().join()
        assert '"code":"draining"' in stream.end()[-2]
        assert (show("ActiveState"), show("Result")) == ("inactive", "success")


def restarted_by_the_watchdog(pid):
    wait_for(lambda: show("NRestarts") == "1" and show("ActiveState") == "active", "a restart")
    assert process() != pid and status_of() == 200
    journal = run("journalctl", "--no-pager", "--unit=drover", "--lines=40", "--output=short-precise")
    assert "Watchdog timeout" in journal and "Failed with result 'watchdog'" in journal


WATCHED = "[Service]\nWatchdogSec=12\n"


def test_a_stopped_process_is_replaced():
    with added(WATCHED):
        pid = process()
        os.kill(pid, signal.SIGSTOP)
        restarted_by_the_watchdog(pid)


def test_a_hung_engine_is_replaced():
    with added(WATCHED):
        pid = process()
        with held(thread_of(pid, "engine")):
            time.sleep(4)
            assert status_of("/health/live") == 200, "the rest of the process answers"
            restarted_by_the_watchdog(pid)


def test_a_waiting_server_feeds_the_watchdog():
    with added(WATCHED):
        pid = process()
        time.sleep(30)
        assert (process(), show("NRestarts")) == (pid, "0")


def test_a_crash_is_followed_by_a_restart(service):
    pid = process()
    # Who waits for an answer has none; who connects waits.
    with Visitors(may_lose_answers=True):
        os.kill(pid, signal.SIGSEGV)
        wait_for(lambda: process() not in (0, pid) and show("ActiveState") == "active", "a restart")


VERIFIERS = """
verifiers:
  sum: {command: [python3, /etc/drover/check_sum.py]}
  raise: {command: [python3, "-c", "import os; os.setpriority(0, 0, 0)"]}
"""


@pytest.fixture
def verifiers():
    settings = SETTINGS / "drover.yaml"
    before = settings.read_text()
    shutil.copy(ROOT / "Tests" / "EndToEnd" / "check_sum.py", SETTINGS)
    settings.write_text(before + VERIFIERS)
    yield
    settings.write_text(before)


def verdicts(name):
    """Of two answers."""
    answer = wire.answer(SERVICE, "/v1/best-of", messages=wire.QUESTION, temperature=0, n=2, reference=82,
                         scorers=[{"type": "verifier", "name": name}])
    return [candidate["scores"][0] for candidate in answer["candidates"]]


def test_verifiers_take_lines_of_their_own(service, verifiers):
    systemctl("restart", "drover")
    for verdict in verdicts("sum"):
        assert verdict["failure"] == "could_not_start" and "deploy/verifiers.conf" in verdict["detail"]
    with added((ROOT / "deploy" / "verifiers.conf").read_text(), "verifiers.conf"):
        assert all(verdict["passed"] for verdict in verdicts("sum"))
        # What LimitNICE= lets the server do is not for them.
        assert all("Permission denied" in verdict["report"] for verdict in verdicts("raise"))
