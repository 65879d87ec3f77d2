"""nginx and HAProxy before a server, with the configurations that deploy/ recommends."""

import contextlib
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


def free_ports(count):
    """Different ones: each is held until all are found."""
    with contextlib.ExitStack() as probes:
        bound = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in bound:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in bound]


def free_port():
    return free_ports(1)[0]


def replaced(text, *pairs):
    for old, new in pairs:
        assert text.count(old) == 1, f"{old} is not once in the configuration"
        text = text.replace(old, new)
    return text


class Proxy:
    """A proxy on a free port, and where the server behind it has to listen."""

    def __init__(self, name, over="tcp"):
        self.port, backend = free_ports(2)
        self.folder = tempfile.TemporaryDirectory()
        # Workers of nginx run as another user.
        pathlib.Path(self.folder.name).chmod(0o755)
        socket_file = f"{self.folder.name}/drover.sock"
        self.upstream = f"unix:{socket_file}" if over == "unix" else f"127.0.0.1:{backend}"
        self.process = subprocess.Popen(getattr(self, name)(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        #: What the server has to be told.
        self.arguments = ["--listen", self.upstream, "--unix-mode", "666", "--trusted-proxies", "127.0.0.1,unix"]
        if name == "haproxy":
            self.arguments += ["--proxy-protocol"]

    def nginx(self):
        site = replaced(
            (DEPLOY / "nginx.conf").read_text(),
            ("listen 80;", f"listen 127.0.0.1:{self.port};"),
            ("unix:/run/drover/drover.sock;", f"{self.upstream};"),
        )
        file = pathlib.Path(self.folder.name) / "nginx.conf"
        file.write_text(
            f"pid {self.folder.name}/nginx.pid; error_log {self.folder.name}/error.log;"
            f" events {{}} http {{ access_log off; {site} }}"
        )
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", file, "-g", "daemon off;"]

    def haproxy(self):
        upstream = self.upstream.replace("unix:", "unix@")
        file = pathlib.Path(self.folder.name) / "haproxy.cfg"
        file.write_text(
            replaced(
                (DEPLOY / "haproxy.cfg").read_text(),
                ("bind :80", f"bind 127.0.0.1:{self.port}"),
                ("unix@/run/drover/drover.sock", upstream),
            )
        )
        return [shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", file]

    def wait_until_listening(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the proxy has ended"
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("the proxy does not listen")

    def stop(self):
        # HAProxy ends at once by SIGINT, nginx by SIGTERM or SIGINT.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
        self.folder.cleanup()
