#!/usr/bin/env python3
"""GET /health/live on 64 kept connections (wrk) against nginx's static answer on the same cores, in turns.

Needs the Debian packages nginx-light and wrk. Usage: keepalive.py [--rounds N] [--seconds N]
"""

import argparse
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from measure import Server, children, cpu_seconds, verdict

GOAL = 0.30
CONFIGURATION = """
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{ default_type application/json; return 200 '{{"status":"ok"}}'; }}
    }}
}}
"""


class Nginx:
    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        file = pathlib.Path(folder) / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=folder, port=port))
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", file]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(1)
        self.pids = children(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def round_of(url, pids, seconds):
    """Requests a second, and microseconds of a core that each took of the server."""
    before = cpu_seconds(*pids)
    command = ["wrk", "-t1", "-c64", f"-d{seconds}", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in output, output
    count = int(re.search(r"(\d+) requests in", output)[1])
    return float(re.search(r"Requests/sec:\s+(\S+)", output)[1]), (cpu_seconds(*pids) - before) / count * 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nginx, server = Nginx(folder), Server()
        try:
            ours, peers = [], []
            for _ in range(options.rounds):
                peers.append(round_of(nginx.url, nginx.pids, options.seconds))
                ours.append(round_of(f"{server.url}/health/live", [server.process.pid], options.seconds))
        finally:
            nginx.stop()
            server.stop()
    (rate, cost), (peer_rate, peer_cost) = (map(statistics.median, zip(*rounds)) for rounds in (ours, peers))
    print(
        f"keepalive: drover {rate:,.0f}/s, nginx {peer_rate:,.0f}/s: {rate / peer_rate:.0%} (goal {GOAL:.0%});"
        f" of a core per request {cost:.1f} and {peer_cost:.1f} us: {peer_cost / cost:.0%}"
    )
    verdict(rate >= GOAL * peer_rate)


main()
