#!/usr/bin/env python3
"""1,000 open event streams fed ten events a second each by `drover bench events`, which is the HTTP server without a
model: how late events arrive, and what that costs.

Usage: streams.py [--streams N] [--rate N] [--seconds N]
"""

import argparse
import select
import socket
import subprocess
import time

from measure import BINARY, allow_descriptors, cpu_seconds, percentile, rss, verdict

REQUEST = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
MARK = b"data: "


def opened(port):
    stream = socket.create_connection(("127.0.0.1", port), timeout=10)
    stream.sendall(REQUEST)
    stream.setblocking(False)
    return stream


def collect(streams, seconds):
    """Nanoseconds that each event came after it was due, and how many events each stream had."""
    poll = select.epoll()
    rests, counts, delays = {}, {}, []
    for stream in streams:
        poll.register(stream, select.EPOLLIN)
        rests[stream.fileno()], counts[stream.fileno()] = b"", 0
    by_number = {stream.fileno(): stream for stream in streams}
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        for number, _ in poll.poll(rest):
            received = by_number[number].recv(65_536)
            assert received, "the server closed a stream"
            now = time.monotonic_ns()
            *lines, rests[number] = (rests[number] + received).split(b"\n")
            due = [int(line[len(MARK) :]) for line in lines if line.startswith(MARK)]
            counts[number] += len(due)
            delays += [now - moment for moment in due]
    return delays, list(counts.values())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--rate", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    allow_descriptors(options.streams + 1_000)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [BINARY, "bench", "events", "--port", str(port), "--rate", str(options.rate)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert b"listening" in server.stderr.readline()
    base = rss(server.pid)
    streams = [opened(port) for _ in range(options.streams)]
    collect(streams, 2)
    memory = rss(server.pid) - base
    before, begun = cpu_seconds(server.pid), time.monotonic()
    delays, counts = collect(streams, options.seconds)
    share = (cpu_seconds(server.pid) - before) / (time.monotonic() - begun)
    server.terminate()
    server.wait()
    worst = max(delays) / 1e6
    print(
        f"streams: {options.streams:,} with {options.rate} events/s each: {len(delays):,} events, {min(counts)} to"
        f" {max(counts)} a stream; late p50 {percentile(delays, 50) / 1e6:.1f} ms, p99"
        f" {percentile(delays, 99) / 1e6:.1f} ms, most {worst:.1f} ms (goal 200 ms);"
        f" {share:.0%} of one core (goal 50 %);"
        f" {memory / options.streams:.1f} KiB each"
    )
    verdict(worst <= 200, share <= 0.5, max(counts) - min(counts) <= 2)


main()
